"""Step ``hear``: is a teacher's Hindi speech what it should be?

Of the held-out utterances that ``synthesize`` has made: the loss of their text under Whisper base,
the rank of that text among others of its length, and DistillMOS.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from demo_voice.hindi.reference_loss import AMONG, ReferenceLoss
from demo_voice.phase import SAMPLE_RATE
from demo_voice.voices import VOICES
from tensorrt_tts.errors import SettingError


def utterances(work: Path, voice: str, most: int) -> list[tuple[str, str, np.ndarray]]:
    """(split, text, audio) of held-out utterances, every split in turn. Raises SettingError."""
    found: dict[str, list[tuple[str, str, np.ndarray]]] = {}
    for path in sorted((work / "speech").glob(f"{VOICES[voice].prefix}-*.jsonl")):
        pcm = np.memmap(path.with_suffix(".i16"), "<i2", "r")
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["split"] != "train":
                audio = pcm[row["start"] : row["start"] + row["samples"]]
                sound = audio.astype(np.float32) / 32768
                found.setdefault(row["split"], []).append((row["split"], row["text"], sound))
    if not found:
        raise SettingError(f"no speech of {voice} in '{work}'; run `synthesize --voice {voice}`")
    turns = max(map(len, found.values()))
    return [rows[i] for i in range(turns) for rows in found.values() if i < len(rows)][:most]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    hindi = sorted(name for name, voice in VOICES.items() if voice.language == "hi")
    parser.add_argument("--voice", choices=hindi, default="hf_alpha", help="(hf_alpha)")
    parser.add_argument("--most", type=int, default=16, help="utterances (16)")


def run(args: argparse.Namespace) -> None:
    """Print a line an utterance, and the means."""
    from benchmarks.scoring.distillmos import OpinionScore

    spoken = utterances(args.work, args.voice, args.most)
    loss, opinion = ReferenceLoss(args.work / "whisper-base", args.threads), OpinionScore()
    texts = [text for split, text in VOICES[args.voice].sentences() if split != "train"]
    rows = []
    for split, text, audio in spoken:
        right, rank = loss.rank(audio, SAMPLE_RATE, text, texts)
        rows.append((right, rank == 1, opinion(audio, SAMPLE_RATE)))
        print(f"{split:5} loss {right:.2f} rank {rank} DistillMOS {rows[-1][2]:.2f}  {text}")
    mean, first, score = np.mean(rows, axis=0)
    print(
        f"{args.voice}: {len(rows)} utterances, loss {mean:.2f} nats a token, right text first of "
        f"{AMONG} in {first:.0%}, DistillMOS {score:.2f}"
    )
