"""Step ``evaluate``: how intelligible and natural the shipped voices are, beside their teachers.

A Hindi voice is judged by the test sentences, those of no frame and those with English words, each
by themselves, and every voice by how alike it is to every teacher (see ``judging.py``).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from demo_voice.export import add_weights, exported_voices
from demo_voice.hindi.scores import HindiJudge
from demo_voice.judging import (
    Judge,
    alike,
    alike_table,
    evaluate,
    evaluate_hindi,
    held_out,
    hindi_table,
    table,
)
from demo_voice.speak import AT_ONCE, Settings, speak
from demo_voice.voices import VOICES, chosen
from tensorrt_tts.errors import SettingError

RESULTS = Path(__file__).parent / "results" / "evaluation.json"
ALIKE = 30
"""Sentences by which voices are compared with all teachers."""
HINDI_PARTS = {"hand": "hi of no frame", "mixed": "hi with English words"}
"""Splits that every Hindi voice is judged by beside the test sentences, and what they are called in
the results."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    add_weights(parser)
    parser.add_argument("--test-sentences", type=int, default=100)
    parser.add_argument("--split", choices=("test", "valid"), default="test")
    parser.add_argument(
        "--batched",
        action="store_true",
        help="many sentences at once instead of one by one (faster)",
    )
    parser.add_argument(
        "--processes", type=int, default=1, help="share the parts and the threads (%(default)s)"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="JSON file to write")


@dataclass(frozen=True)
class Job:
    """One part of what a voice is judged by."""

    voice: str
    split: str
    part: str  # what it is called in the results


@dataclass(frozen=True)
class Judged:
    """What came of a job."""

    found: dict[str, Any]
    settings: Settings
    alike: dict[str, float | None] | None  # to each teacher, where there are several


def run(args: argparse.Namespace) -> None:
    """Evaluate the shipped voices that have speech in the work folder and write the results.

    Raises SettingError.
    """
    from benchmarks.runs.environment import hardware, versions

    result: dict[str, Any] = {}
    speakers: dict[str, dict[str, float | None]] = {}
    for job, judged in _judged(args, jobs(args)):
        if VOICES[job.voice].language == "hi":
            result.setdefault("voices", {}).setdefault(job.voice, {})[job.part] = judged.found
            print(hindi_table(job.voice, {job.part: judged.found}), flush=True)
        else:
            result |= judged.found
            print(table(judged.found), flush=True)
        if judged.alike:
            speakers[job.voice] = judged.alike
        result["settings"] = asdict(judged.settings)
    if speakers:
        result["speakers"] = speakers
        print(alike_table(speakers), flush=True)
    result |= {
        "split": args.split,
        "streamed": True,
        "at_once": AT_ONCE if args.batched else 1,
        "seed": args.seed,
        "hardware": asdict(hardware()),
        "versions": versions(),
    }
    args.results.parent.mkdir(exist_ok=True)
    args.results.write_text(
        json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def jobs(args: argparse.Namespace) -> list[Job]:
    """Each part that has held-out speech. Raises SettingError for a voice that has none."""
    found = []
    for name in evaluated(args.work, args.weights, args.voices):
        hindi = VOICES[name].language == "hi"
        parts = {args.split: "hi", **HINDI_PARTS} if hindi else {args.split: "en"}
        own = [
            Job(name, split, part)
            for split, part in parts.items()
            if held_out(args.work, split, 1, name)
        ]
        if not own:
            raise SettingError(
                f"no held-out speech of {name} in '{args.work}'; run `synthesize --voice {name}`"
            )
        found += own
    return found


def evaluated(work: Path, weights: Path, voices: Sequence[str] | None) -> list[str]:
    """The voices of the exported folder that are asked for, or that have speech.

    Raises SettingError.
    """
    shipped = exported_voices(weights)
    absent = [name for name in voices or () if name not in shipped]
    if absent:
        raise SettingError(
            f"'{weights}' has no voice {absent[0]!r}, only {', '.join(shipped)}; export it first"
        )
    return [name for name in chosen(work, voices) if name in shipped]


def _judged(args: argparse.Namespace, several: list[Job]) -> Iterator[tuple[Job, Judged]]:
    """Each as it is done, in order: here, if one process is enough."""
    work = partial(judge_part, args)
    if args.processes == 1:
        yield from zip(several, map(work, several), strict=True)
        return
    with multiprocessing.get_context("spawn").Pool(args.processes) as pool:
        yield from zip(several, pool.imap(work, several), strict=True)


def judge_part(args: argparse.Namespace, job: Job) -> Judged:
    """Speak the sentences of a part, and judge them and the teacher's."""
    threads = max(1, args.threads // args.processes)
    torch.set_num_threads(threads)
    sentences = held_out(args.work, job.split, args.test_sentences, job.voice)
    texts = [sentence.text for sentence in sentences]
    at_once = AT_ONCE if args.batched else 1
    spoken, settings = speak(
        args.weights, texts, args.seed, at_once=at_once, device=args.device, voice=job.voice
    )
    say = dict(zip(texts, spoken, strict=True)).__getitem__
    if VOICES[job.voice].language == "hi":
        held = [text for split, text in VOICES[job.voice].sentences() if split != "train"]
        judge = HindiJudge(args.work / "whisper-base", held, threads)
        found = evaluate_hindi(say, sentences, judge)
    else:
        found = evaluate(say, sentences, Judge())
    near = None
    if job.split == args.split and len(voices := chosen(args.work, None)) > 1:
        teachers = {name: held_out(args.work, args.split, ALIKE, name) for name in voices}
        near = alike(spoken[:ALIKE], teachers)
    return Judged(found, settings, near)
