"""Sounds with one pitch, to hear what became of it."""

from __future__ import annotations

import numpy as np

RATE = 24000


def tone(pitch: float, samples: int) -> np.ndarray:
    """int16 (samples,) at `RATE`; pitch in Hz."""
    sound = 8000 * np.sin(2 * np.pi * pitch * np.arange(samples) / RATE)
    return np.rint(sound).astype(np.int16)


def loudest(pcm: np.ndarray, rate: int) -> float:
    """The strongest frequency, in Hz."""
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm)), 8 * len(pcm)))
    return float(np.argmax(spectrum) * rate / (8 * len(pcm)))
