"""Step ``tune``: choose the sampling settings on the validation sentences."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import torch

from demo_voice.evaluate import Judge, held_out, judge_spoken, judge_teacher, summary
from demo_voice.export import add_arguments as add_weights
from demo_voice.speak import AT_ONCE, Settings, speak

CANDIDATES = (
    Settings(0.0, 1.0),
    Settings(0.15, 0.8),
    Settings(0.25, 0.8),
    Settings(0.4, 0.8),
    Settings(0.6, 0.9),
    Settings(0.25, 0.8, 1.1),
    Settings(0.4, 0.8, 1.1),
    Settings(0.6, 0.95, 1.1),
)


def merit(word_error_rate: float, mos: float, ends: float) -> float:
    """Higher is better: ten points of error weigh as much as 0.5 of opinion score."""
    return mos - 5 * word_error_rate - 5 * ends


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    add_weights(parser)
    parser.add_argument("--tune-sentences", type=int, default=40)


def run(args: argparse.Namespace) -> None:
    """Try the candidates and write the best into generation_config.json."""
    torch.set_num_threads(args.threads)
    sentences = held_out(Path(args.work), "valid", args.tune_sentences)
    judge = Judge()
    teacher = judge_teacher(judge, sentences)
    texts = [sentence.text for sentence in sentences]
    found: list[tuple[float, Settings]] = []
    for settings in CANDIDATES:
        spoken, _ = speak(args.weights, texts, args.seed, settings, AT_ONCE, args.device)
        scores = judge_spoken(judge, sentences, spoken)
        result = summary(scores, teacher, [made.finished for made in spoken])
        found.append(
            (
                merit(result.word_error_rate, result.distillmos, result.runaway + result.early),
                settings,
            )
        )
        print(settings, result, flush=True)
    best = max(found, key=lambda pair: pair[0])[1]
    path = args.weights / "lm" / "generation_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config |= asdict(best) | {"do_sample": best.temperature > 0}
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    print(f"tune: {best}")
