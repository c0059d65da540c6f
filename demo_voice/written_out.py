"""Step ``written-out``: does the voice say figures as well as the words they stand for?

Each sentence is spoken as it is written and with its numbers, dates and abbreviations in words, and
what Whisper hears of both is compared with the words. What was heard is kept in a file of JSON
lines, so that a run that was cut short goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from demo_voice.export import add_weights
from demo_voice.speak import AT_ONCE, speak
from tensorrt_tts.errors import SettingError

FORMS = ("written", "in words")
Row = dict[str, Any]


def pairs(path: Path) -> list[tuple[str, str]]:
    """A sentence as it is written and in words, tab-separated, a line each. Raises SettingError."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        sentence = line.split("\t")
        if len(sentence) != 2:
            raise SettingError(f"'{path}' line {number} is not 'as written<TAB>in words'; mend it")
        found.append((sentence[0], sentence[1]))
    return found


def missing(
    sentences: Sequence[tuple[str, str]], seeds: Sequence[int], heard: list[Row]
) -> list[Row]:
    """What has still to be spoken, in order: seed, form, text, and the words to compare with."""
    done = {(row["seed"], row["form"], row["text"]) for row in heard}
    rows = [
        {"seed": seed, "form": form, "text": text, "words": sentence[1]}
        for seed in seeds
        for sentence in sentences
        for form, text in zip(FORMS, sentence, strict=True)
    ]
    return [row for row in rows if (row["seed"], row["form"], row["text"]) not in done]


def rates(heard: list[Row], seeds: Sequence[int]) -> Iterator[tuple[str, float, float]]:
    """Word error rates of the two forms, by seed and of all seeds together."""
    from benchmarks.scoring.wer import word_error_rate

    def rate(form: str, chosen: Sequence[int]) -> float:
        rows = [row for row in heard if row["form"] == form and row["seed"] in chosen]
        return word_error_rate([row["words"] for row in rows], [row["heard"] for row in rows])

    for name, chosen in [*((f"seed {seed}", [seed]) for seed in seeds), ("all seeds", seeds)]:
        yield name, rate(FORMS[0], chosen), rate(FORMS[1], chosen)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    add_weights(parser)
    parser.add_argument("--sentences", type=Path, help="file of 'as written<TAB>in words' lines")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1], help="(0 1)")
    parser.add_argument("--most", type=int, help="utterances to speak in this run (all)")
    parser.add_argument("--heard", type=Path, help="file to keep (heard.jsonl in the work folder)")


def run(args: argparse.Namespace) -> None:
    """Speak what is missing, and print the rates once nothing is."""
    from benchmarks.scoring.wer import Transcriber

    if args.sentences is None:
        raise SettingError("--sentences is missing; name a file of 'as written<TAB>in words' lines")
    torch.set_num_threads(args.threads)
    kept = args.heard or args.work / "heard.jsonl"
    heard = [json.loads(line) for line in kept.open(encoding="utf-8")] if kept.exists() else []
    sentences = pairs(args.sentences)
    todo = missing(sentences, args.seeds, heard)
    transcribe = Transcriber()
    for start in range(0, len(todo[: args.most]), AT_ONCE):
        rows = todo[: args.most][start : start + AT_ONCE]
        for seed in sorted({row["seed"] for row in rows}):
            batch = [row for row in rows if row["seed"] == seed]
            texts = [row["text"] for row in batch]
            spoken, _ = speak(args.weights, texts, seed, at_once=AT_ONCE, device=args.device)
            with kept.open("a", encoding="utf-8") as file:
                for row, made in zip(batch, spoken, strict=True):
                    row["heard"] = transcribe(made.audio, made.rate)
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
                    heard.append(row)
    left = len(missing(sentences, args.seeds, heard))
    if left:
        print(f"{left} utterances are left; run it again")
        return
    print(f"{len(sentences)} sentences; word error rate against the words")
    for name, written, words in rates(heard, args.seeds):
        print(f"{name:10} written {written:.1%}  in words {words:.1%}  more {written - words:+.1%}")
