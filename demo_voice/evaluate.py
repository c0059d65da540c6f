"""Step ``evaluate``: how intelligible and natural the shipped voice is, beside its teacher."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from demo_voice.export import add_arguments as add_weights
from demo_voice.speak import AT_ONCE, Spoken, speak

RESULTS = Path(__file__).parent / "results" / "evaluation.json"
RUNAWAY = 1.6  # times the teacher's length
EARLY = 0.6

Speak = Callable[[str], Spoken]


@dataclass(frozen=True)
class Sentence:
    """A held-out sentence as the teacher speaks it."""

    text: str
    audio: NDArray[np.float32]
    rate: int = 24_000


@dataclass(frozen=True)
class Score:
    """One sentence of one speaker."""

    text: str
    heard: str
    mos: float
    seconds: float


@dataclass(frozen=True)
class Summary:
    """What is reported of a speaker."""

    sentences: int
    word_error_rate: float
    distillmos: float
    runaway: float
    early: float


def held_out(work: Path, split: str, count: int) -> list[Sentence]:
    """The first sentences of a split, with the teacher's audio."""
    return list(_sentences(work, split))[:count]


def _sentences(work: Path, split: str) -> Iterator[Sentence]:
    for path in sorted((work / "speech").glob("shard-*.jsonl")):
        audio = np.memmap(path.with_suffix(".i16"), dtype="<i2", mode="r")
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["split"] == split:
                sound = audio[row["start"] : row["start"] + row["samples"]]
                yield Sentence(row["text"], sound.astype(np.float32) / np.float32(32768))


class Judge:
    """Transcribes and rates."""

    def __init__(self) -> None:
        from benchmarks.scoring.distillmos import OpinionScore
        from benchmarks.scoring.wer import Transcriber

        self._hear = Transcriber()
        self._rate = OpinionScore()

    def __call__(self, text: str, audio: NDArray[np.float32], rate: int) -> Score:
        """Score of one utterance; one too short to rate gets the lowest mark."""
        seconds = len(audio) / rate
        if seconds < 0.3:
            return Score(text, "", 1.0, seconds)
        return Score(text, self._hear(audio, rate), self._rate(audio, rate), seconds)


def summary(scores: list[Score], teacher: list[Score], finished: list[bool]) -> Summary:
    """Shares are of sentences; lengths are compared with the teacher's."""
    from benchmarks.scoring.wer import word_error_rate

    ratio = np.array([s.seconds / t.seconds for s, t in zip(scores, teacher, strict=True)])
    return Summary(
        len(scores),
        round(word_error_rate([s.text for s in scores], [s.heard for s in scores]), 4),
        round(float(np.mean([s.mos for s in scores])), 3),
        round(float(np.mean((ratio > RUNAWAY) | ~np.array(finished))), 4),
        round(float(np.mean(ratio < EARLY)), 4),
    )


def judge_spoken(judge: Judge, sentences: list[Sentence], spoken: list[Spoken]) -> list[Score]:
    """Scores of what a speaker made of the sentences."""
    pairs = zip(sentences, spoken, strict=True)
    return [judge(sentence.text, made.audio, made.rate) for sentence, made in pairs]


def judge_teacher(judge: Judge, sentences: list[Sentence]) -> list[Score]:
    """Scores of the teacher's own audio."""
    return [judge(s.text, s.audio, s.rate) for s in sentences]


def evaluate(speak: Speak, sentences: list[Sentence], judge: Judge) -> dict[str, Any]:
    """Summaries of a speaker and the teacher, and every sentence; ``speak`` may be any engine."""
    spoken = [speak(sentence.text) for sentence in sentences]
    teacher = judge_teacher(judge, sentences)
    scores = judge_spoken(judge, sentences, spoken)
    return {
        "voice": asdict(summary(scores, teacher, [made.finished for made in spoken])),
        "teacher": asdict(summary(teacher, teacher, [True] * len(teacher))),
        "sentences": [asdict(score) for score in scores],
    }


def table(result: dict[str, Any]) -> str:
    """The two summaries as text."""
    lines = [f"{'':10}{'WER':>8}{'DistillMOS':>12}{'runaway':>9}{'early':>8}"]
    for name in ("voice", "teacher"):
        row = result[name]
        lines.append(
            f"{name:10}{row['word_error_rate']:>8.1%}{row['distillmos']:>12.2f}"
            f"{row['runaway']:>9.1%}{row['early']:>8.1%}"
        )
    return "\n".join(lines)


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
    parser.add_argument("--results", type=Path, default=RESULTS, help="JSON file to write")


def run(args: argparse.Namespace) -> None:
    """Evaluate the shipped weights and write the results."""
    from benchmarks.environment import hardware, versions

    torch.set_num_threads(args.threads)
    sentences = held_out(Path(args.work), args.split, args.test_sentences)
    texts = [s.text for s in sentences]
    at_once = AT_ONCE if args.batched else 1
    spoken, settings = speak(args.weights, texts, args.seed, at_once=at_once, device=args.device)
    made = dict(zip(texts, spoken, strict=True))
    result = evaluate(made.__getitem__, sentences, Judge())
    result |= {
        "split": args.split,
        "streamed": True,
        "at_once": at_once,
        "seed": args.seed,
        "settings": asdict(settings),
        "hardware": asdict(hardware()),
        "versions": versions(),
    }
    args.results.parent.mkdir(exist_ok=True)
    args.results.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(table(result))
