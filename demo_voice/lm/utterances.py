"""The tokenised corpus as training examples, and batches of similar length."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo_voice.codes import load_codes
from demo_voice.lm.vocabulary import ALONE, SLOTS, Vocabulary
from demo_voice.voices import shard_names

FRAME = 2048  # samples per codec frame
TEACHER_HOP = 300  # samples per step of the teacher's durations
SPAN = np.array([[0, 4], [0, 2], [0, 1], [1, 2], [2, 4], [2, 3], [3, 4]]) * (FRAME // 4)
"""Samples of a frame that a slot's code describes: c0 the whole frame, m a half, f a quarter."""


@dataclass(frozen=True)
class Utterance:
    """One sentence: ids of the prompt and the audio, which characters each audio id speaks, and
    who speaks."""

    prompt: NDArray[np.int16]
    audio: NDArray[np.int16]  # [7 * frames]
    spoken: NDArray[np.int16]  # [7 * frames, 2], first and last prompt position
    voice: str

    def __len__(self) -> int:
        """Ids of prompt, audio and the end token."""
        return len(self.prompt) + len(self.audio) + 1


def spoken_positions(durations: list[int], frames: int, offset: int) -> NDArray[np.int16]:
    """First and last prompt position spoken during each audio id [7 * frames, 2].

    offset: the prompt position of the first character.
    """
    ends = np.cumsum(durations) * TEACHER_HOP
    spans = (np.arange(frames)[:, None, None] * FRAME + SPAN).reshape(-1, 2)
    last = len(durations) - 1
    first_phoneme = np.searchsorted(ends, spans[:, 0], side="right").clip(0, last)
    last_phoneme = np.searchsorted(ends, spans[:, 1], side="left").clip(0, last)
    positions = np.stack([first_phoneme, last_phoneme], axis=1) + offset
    return positions.astype(np.int16)


def utterance(row: dict[str, Any], codes: NDArray[np.uint16], vocabulary: Vocabulary) -> Utterance:
    """The example of one line of the jsonl and its codes [frames, 7]."""
    offsets = np.array([vocabulary.audio(slot) for slot in range(SLOTS)])
    voice = row.get("voice", ALONE[0])
    said = "prompt" if "prompt" in row else "phonemes"
    durations = row["prompt_durations"] if "prompt" in row else row["durations"]
    return Utterance(
        np.array(vocabulary.prompt(row[said], voice), np.int16),
        (codes + offsets).reshape(-1).astype(np.int16),
        spoken_positions(durations, len(codes), vocabulary.text_offset(voice)),
        voice,
    )


def load(work: Path, split: str, vocabulary: Vocabulary, tokens: str = "tokens") -> list[Utterance]:
    """All utterances of a split ("train", "valid" or "test") by the vocabulary's voices.

    Raises SettingError if the speech of a shard has no codes yet.
    """
    found = []
    for name in shard_names(work, vocabulary.voices):
        codes = load_codes(work, name, tokens)
        lines = (work / "speech" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        for line, own in zip(lines, codes, strict=True):
            row = json.loads(line)
            if row["split"] == split:
                found.append(utterance(row, own, vocabulary))
    return found


def balanced(rows: list[Utterance], rng: np.random.Generator) -> list[Utterance]:
    """Of every voice as many ids as there are of the one with the fewest, drawn anew."""
    by_voice: dict[str, list[Utterance]] = {}
    for row in rows:
        by_voice.setdefault(row.voice, []).append(row)
    if len(by_voice) < 2:
        return rows
    fewest = min(sum(map(len, own)) for own in by_voice.values())
    found: list[Utterance] = []
    for own in by_voice.values():
        order = rng.permutation(len(own))
        ends = np.cumsum([len(own[i]) for i in order])
        found += [own[i] for i in order[: int(np.searchsorted(ends, fewest)) + 1]]
    return found


@dataclass(frozen=True)
class Batch:
    """Right-padded ids and where each row's parts lie."""

    ids: NDArray[np.int64]  # [rows, length]
    prompts: NDArray[np.int64]  # [rows], ids in each prompt
    audio: NDArray[np.int64]  # [rows], audio ids of each row
    spoken: NDArray[np.int64]  # [rows, length, 2], for the id that follows each position


def collate(rows: list[Utterance], vocabulary: Vocabulary) -> Batch:
    """One batch; the end token follows each row's audio."""
    length = max(map(len, rows))
    ids = np.full((len(rows), length), vocabulary.end, np.int64)
    spoken = np.zeros((len(rows), length, 2), np.int64)
    for i, row in enumerate(rows):
        start, count = len(row.prompt), len(row.audio)
        ids[i, :start] = row.prompt
        ids[i, start : start + count] = row.audio
        spoken[i, start - 1 : start - 1 + count] = row.spoken
    prompts = np.array([len(row.prompt) for row in rows])
    audio = np.array([len(row.audio) for row in rows])
    return Batch(ids, prompts, audio, spoken)


def batches(
    rows: list[Utterance], vocabulary: Vocabulary, budget: int, rng: np.random.Generator
) -> Iterator[Batch]:
    """One epoch of batches of at most ``budget`` ids each, similar lengths together."""
    lengths = np.array([len(row) for row in rows])
    order = np.argsort(lengths * rng.uniform(0.9, 1.1, len(rows)))
    groups: list[list[int]] = [[]]
    longest = 0
    for i in order:
        longest = max(longest, int(lengths[i]))
        if groups[-1] and (len(groups[-1]) + 1) * longest > budget:
            groups.append([])
            longest = int(lengths[i])
        groups[-1].append(int(i))
    for g in rng.permutation(len(groups)):
        yield collate([rows[i] for i in groups[g]], vocabulary)
