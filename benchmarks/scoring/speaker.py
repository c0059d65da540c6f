"""Who speaks, as a direction: Resemblyzer's encoder (Apache-2.0), whose weights are in its package.

Install with `pip install Resemblyzer`.
"""

from __future__ import annotations

import importlib

import numpy as np
from numpy.typing import NDArray

from benchmarks.scoring.wer import to_rate
from tensorrt_tts.errors import needs


class SpeakerEncoder:
    """`SpeakerEncoder()(audio, rate)` is a voice: float32 (256,), of length 1."""

    def __init__(self) -> None:
        """Raises MissingDependencyError."""
        with needs("package Resemblyzer is not installed; pip install Resemblyzer"):
            package = importlib.import_module("resemblyzer")
        self._encoder = package.VoiceEncoder("cpu", verbose=False)

    def __call__(self, audio: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """audio: float32 (n,), full scale 1."""
        voice: NDArray[np.float32] = self._encoder.embed_utterance(to_rate(audio, rate))
        return voice


def similarity(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Cosine, of two voices of length 1: 1 for the same."""
    return float(np.dot(one, other))
