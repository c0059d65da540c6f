"""Step ``copy-synthesis``: what the codec alone costs.

The held-out test sentences are encoded (step ``tokenize`` has done so) and decoded by the exported
codec in its ``snac`` form, whole sentences at a time. Word error rate, or for Hindi the phonemes
that differ from the teacher's, and predicted opinion score stand beside those of the teacher's own
recordings in ``results/codec.json``, of others than heart in ``results/codec-NAME.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from demo_voice.codes import load_codes
from demo_voice.features import load_shard
from demo_voice.likeness import phoneme_distance
from demo_voice.tokenize import unpack
from demo_voice.voices import VOICES, shard_names
from tensorrt_tts.codecs.snac import weights

RESULTS = Path(__file__).parent / "results"
SAMPLE_RATE = 24_000
Floats = NDArray[np.float32]


def recordings(
    work: Path, split: str, voice: str = "heart"
) -> Iterator[tuple[str, NDArray[np.int64], Floats]]:
    """Text, codes [frames, 7] and the teacher's audio of a split's utterances by a voice."""
    for name in shard_names(work, [voice]):
        shard = load_shard(work, name)
        for row, codes in zip(shard.rows, load_codes(work, name), strict=True):
            if row["split"] == split:
                audio = shard.audio[row["start"] : row["start"] + row["samples"]]
                yield row["text"], codes.astype(np.int64), (audio / 32768).astype(np.float32)


def score(texts: list[str], audio: list[Floats]) -> dict[str, Any]:
    """Word error rate (Whisper tiny.en) and mean DistillMOS."""
    from benchmarks.scoring.wer import Transcriber, word_error_rate

    transcribe = Transcriber()
    heard = [transcribe(x, SAMPLE_RATE) for x in audio]
    return {"wer": round(word_error_rate(texts, heard), 4), "distillmos": opinion(audio)}


def opinion(audio: list[Floats]) -> float:
    """Mean DistillMOS."""
    from benchmarks.scoring.distillmos import OpinionScore

    rate = OpinionScore()
    return round(float(np.mean([rate(x, SAMPLE_RATE) for x in audio])), 3)


def training_minutes(work: Path) -> dict[str, Any]:
    """Steps and minutes of both training stages, from their checkpoints."""
    stages = {"codec": "frozen.pt", "vocoder": "vocoder.pt"}
    paths = {name: work / "codec" / file for name, file in stages.items()}
    states = {
        name: torch.load(path, weights_only=False) for name, path in paths.items() if path.exists()
    }
    return {
        name: {"steps": state["step"], "minutes": round(state["seconds"] / 60, 1)}
        for name, state in states.items()
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    parser.add_argument("--codec-dir", type=Path, help="exported codec (default: WORK/codec)")
    parser.add_argument("--split", default="test", choices=("valid", "test"))
    parser.add_argument("--limit", type=int, default=100, help="at most so many sentences")


def run(args: argparse.Namespace) -> None:
    """Score the first of the voices and write its results (test split only)."""
    work = Path(args.work)
    voice = args.voices[0] if args.voices else "heart"
    torch.manual_seed(0)  # the decoder's noise
    _, model = weights.load(args.codec_dir or work / "codec")
    rows = list(recordings(work, args.split, voice))[: args.limit]
    texts, teacher = [text for text, _, _ in rows], [audio for *_, audio in rows]
    with torch.no_grad():
        decoded = [
            model.decode(unpack(torch.from_numpy(codes)[None]))[0, 0].numpy()
            for _, codes, _ in rows
        ]
    hindi = VOICES[voice].language == "hi"
    judges = ("hama",) if hindi else ("hibari-tts", "faster-whisper")
    scores: dict[str, Any]
    if hindi:
        pairs = list(zip(decoded, teacher, strict=True))
        own = {"phoneme_distance": phoneme_distance(pairs, SAMPLE_RATE)}
        scores = {
            "codec": own | {"distillmos": opinion(decoded)},
            "teacher": {"distillmos": opinion(teacher)},
        }
    else:
        scores = {"codec": score(texts, decoded), "teacher": score(texts, teacher)}
    result = {
        "voice": voice,
        "sentences": len(rows),
        "split": args.split,
        "seed": 0,
        **scores,
        "training": training_minutes(work),
        "hardware": f"{platform.machine()}, {os.cpu_count()} CPU cores, no GPU",
        "versions": {name: version(name) for name in ("torch", "snac", "distillmos", *judges)},
    }
    print(json.dumps(result, indent=2))
    if args.split == "test":
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / ("codec.json" if voice == "heart" else f"codec-{voice}.json")
        path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
