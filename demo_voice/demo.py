"""Step ``demo``: a voice that ships says a sentence of its language, and what it scores is printed.

English is transcribed by Whisper tiny.en; Hindi is ranked by ``hindi/scores.py``, which needs
``requirements/scoring-hindi.txt``.  ``make demo VOICE=NAME`` calls it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tensorrt_tts.families.base import Voice
from tensorrt_tts.loading import shipped_voice

SENTENCES = {
    "en": "The rain had stopped before the children came home from school.",
    "hi": "कल सुबह हम सब बच्चे नदी के किनारे घूमने जाएँगे।",
}
"""Said where none is given, by the voice's own language."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    parser.add_argument("--voice", help="name or friendly name (the first one)")
    parser.add_argument("--sentence", help="(one of the voice's language)")
    parser.add_argument("--output", type=Path, default=Path("demo.wav"), help="(demo.wav)")


def sentence_for(voice: Voice, given: str | None) -> str:
    """What it says."""
    return given or SENTENCES.get(voice.language, SENTENCES["en"])


def run(args: argparse.Namespace) -> None:
    """Speak by the toolkit's own command, then score. Raises UnknownVoiceError."""
    model, voice = shipped_voice(args.voice or None)
    text = sentence_for(voice, args.sentence)
    command = [sys.executable, "-m", "tensorrt_tts", "speak", text]
    command += ["--model", model, "--voice", voice.name]
    command += ["--seed", "0", "--warm", "--timing", "--output", str(args.output)]
    done = subprocess.run(command).returncode
    if done:
        sys.exit(done)
    if voice.language != "hi":
        command = [sys.executable, "-m", "benchmarks.scoring", str(args.output), "--said", text]
        sys.exit(subprocess.run(command).returncode)
    print(hindi_scores(args.output, text, args.work, args.threads))


def hindi_scores(path: Path, text: str, work: Path, threads: int) -> str:
    """One line. Raises MissingDependencyError."""
    from benchmarks.scoring.__main__ import read_wav
    from demo_voice.hindi.corpus import TARGET
    from demo_voice.hindi.reference_loss import AMONG
    from demo_voice.hindi.scores import HindiJudge
    from demo_voice.sentences import read_sentences

    held_out = [sentence for split, sentence in read_sentences(TARGET) if split != "train"]
    score = HindiJudge(work / "whisper-base", held_out, threads)(text, *read_wav(path))
    return (
        f"{path}: Whisper base hears: {score.heard}\n"
        f"loss of the text {score.loss:.2f} nats a token, its rank among {AMONG} texts "
        f"{score.rank}, character error rate {score.character_error:.0%}, "
        f"DistillMOS {score.mos:.2f}"
    )
