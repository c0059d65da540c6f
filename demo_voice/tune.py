"""Step ``tune``: choose the sampling settings on the validation sentences of all voices."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch

from demo_voice.evaluate import evaluated
from demo_voice.export import add_weights
from demo_voice.hindi.scores import HindiJudge, hindi_summary
from demo_voice.judging import Judge, ends, held_out, judge_spoken, judge_teacher, summary
from demo_voice.speak import AT_ONCE, Settings, speak
from demo_voice.voices import VOICES

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


def hindi_merit(loss: float, mos: float, ends: float) -> float:
    """As `merit`, 0.25 nats a token more than the teacher weighing as much as ten points of error:
    what speech may lose to be good."""
    return mos - 2 * loss - 5 * ends


Trial = Callable[[Settings], tuple[float, Any]]
"""The merit of settings, and what it was reckoned from."""


def english_trial(args: argparse.Namespace, name: str) -> Trial:
    """Of an English voice."""
    sentences = held_out(args.work, "valid", args.tune_sentences, name)
    judge = Judge()
    teacher = judge_teacher(judge, sentences)
    texts = [sentence.text for sentence in sentences]

    def attempt(settings: Settings) -> tuple[float, Any]:
        spoken, _ = speak(args.weights, texts, args.seed, settings, AT_ONCE, args.device, name)
        scores = judge_spoken(judge, sentences, spoken)
        result = summary(scores, teacher, [made.finished for made in spoken])
        return merit(
            result.word_error_rate, result.distillmos, result.runaway + result.early
        ), result

    return attempt


def hindi_trial(args: argparse.Namespace, name: str) -> Trial:
    """Of a Hindi voice."""
    sentences = held_out(args.work, "valid", args.tune_sentences, name)
    others = [text for split, text in VOICES[name].sentences() if split != "train"]
    judge = HindiJudge(args.work / "whisper-base", others, args.threads)
    texts = [sentence.text for sentence in sentences]
    lengths = [len(sentence.audio) / sentence.rate for sentence in sentences]

    def attempt(settings: Settings) -> tuple[float, Any]:
        spoken, _ = speak(args.weights, texts, args.seed, settings, AT_ONCE, args.device, name)
        scores = [judge(text, m.audio, m.rate) for text, m in zip(texts, spoken, strict=True)]
        seconds, finished = [s.seconds for s in scores], [m.finished for m in spoken]
        result = hindi_summary(scores, *ends(seconds, lengths, finished))
        ending = result.runaway + result.early
        return hindi_merit(result.reference_loss, result.distillmos, ending), result

    return attempt


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    add_weights(parser)
    parser.add_argument("--tune-sentences", type=int, default=40)


def run(args: argparse.Namespace) -> None:
    """Try the candidates and write the best into generation_config.json."""
    torch.set_num_threads(args.threads)
    trials = {
        name: (hindi_trial if VOICES[name].language == "hi" else english_trial)(args, name)
        for name in evaluated(args.work, args.weights, args.voices)
    }
    found: list[tuple[float, Settings]] = []
    for settings in CANDIDATES:
        merits = []
        for name, attempt in trials.items():
            value, result = attempt(settings)
            merits.append(value)
            print(*([name] if len(trials) > 1 else []), settings, result, flush=True)
        found.append((sum(merits) / len(merits), settings))
    best = max(found, key=lambda pair: pair[0])[1]
    path = args.weights / "lm" / "generation_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config |= asdict(best) | {"do_sample": best.temperature > 0}
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    print(f"tune: {best}")
