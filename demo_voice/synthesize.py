"""Step ``synthesize``: the teacher of a voice speaks its sentences.

Writes, per shard, ``speech/NAME-NNNN.i16`` (mono 24 kHz, utterances end to end, each a multiple of
2048 samples), ``.jsonl`` (text, phonemes, durations, split, position, voice, language, and what the
language model reads with its durations, where that is not the phonemes) and ``.f0.npy`` (float16 Hz
per 300 samples, 0 unvoiced, utterances end to end with ceil(samples / 300) values each).  NAME is
"shard" for the voice heart, else the voice's name.  A shard whose jsonl exists is done, and a
sentence in one is not spoken again, whatever becomes of the corpus.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demo_voice.teacher import Teacher
from demo_voice.voices import VOICES

_teachers: dict[str, Teacher] = {}


@dataclass(frozen=True)
class Job:
    """One shard to be synthesised."""

    work: Path
    voice: str
    index: int
    rows: list[tuple[str, str]]  # split, text

    @property
    def stem(self) -> Path:
        """The shard's path without the endings of its files."""
        return self.work / "speech" / f"{VOICES[self.voice].prefix}-{self.index:04d}"


def write_shard(job: Job) -> float:
    """Synthesise one shard; its seconds of speech."""
    voice = VOICES[job.voice]
    if voice.name not in _teachers:
        _teachers[voice.name] = voice.open_teacher(job.work)
    audio, pitch, lines, start = [], [], [], 0
    for position, (split, text) in enumerate(job.rows):
        spoken = _teachers[voice.name].speak(text)
        audio.append((spoken.audio * 32767).round().astype("<i2"))
        pitch.append(spoken.f0.astype(np.float16))
        line = {
            "id": f"{job.index:04d}-{position:03d}",
            "text": text,
            "phonemes": spoken.phonemes,
            "start": start,
            "samples": len(audio[-1]),
            "durations": spoken.durations,
            "split": split,
            "voice": voice.name,
            "language": voice.language,
        }
        if spoken.prompt is not None:
            line |= {"prompt": spoken.prompt, "prompt_durations": spoken.prompt_durations}
        lines.append(json.dumps(line, ensure_ascii=False) + "\n")
        start += len(audio[-1])
    # Each file appears whole; the jsonl last: its presence says that the shard is whole.
    partial = job.stem.with_name(f"{job.stem.name}.{os.getpid()}.tmp")
    np.concatenate(audio).tofile(partial)
    os.replace(partial, f"{job.stem}.i16")
    with partial.open("wb") as file:
        np.save(file, np.concatenate(pitch))
    os.replace(partial, f"{job.stem}.f0.npy")
    partial.write_text("".join(lines), encoding="utf-8")
    os.replace(partial, f"{job.stem}.jsonl")
    return start / 24_000


def missing(work: Path, voice: str) -> list[Job]:
    """The shards that are still to be made, of sentences in no shard yet.

    What is held out comes first: a voice can then be judged on all of it, however little is spoken.
    """
    prefix = VOICES[voice].prefix
    done = sorted((work / "speech").glob(f"{prefix}-*.jsonl"))
    lines = [line for path in done for line in path.read_text(encoding="utf-8").splitlines()]
    spoken = {json.loads(line)["text"] for line in lines}
    used = {int(path.stem.rpartition("-")[2]) for path in done}
    rows = [row for row in VOICES[voice].sentences() if row[1] not in spoken]
    rows.sort(key=lambda row: row[0] == "train")
    free = (index for index in itertools.count() if index not in used)
    size = VOICES[voice].shard
    return [
        Job(work, voice, index, rows[first : first + size])
        for index, first in zip(free, range(0, len(rows), size), strict=False)
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--voice", choices=sorted(VOICES), default="heart", help="where --voices names none (heart)"
    )
    parser.add_argument("--shards", type=int, help="at most this many of a voice in a run (all)")


def run(args: argparse.Namespace) -> None:
    """Synthesise the shards that are missing."""
    (args.work / "speech").mkdir(parents=True, exist_ok=True)
    jobs = [
        job
        for voice in args.voices or [args.voice]
        for job in missing(args.work, voice)[: args.shards]
    ]
    for done, seconds in enumerate(_spoken(jobs, args.processes), 1):
        print(f"shard {done}/{len(jobs)}: {seconds / 60:.1f} min of speech", flush=True)


def _spoken(jobs: list[Job], processes: int) -> Iterator[float]:
    """Seconds of each shard as it is made: here, if one process is enough."""
    if processes == 1:
        yield from map(write_shard, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(write_shard, jobs)
