"""16-bit PCM: made of float samples, and where it can be heard. Pure."""

from __future__ import annotations

import numpy as np

FULL_SCALE = 32767

AUDIBLE = FULL_SCALE * 10 ** (-40 / 20)
"""Speech level against the pause before it: −40 dBFS is some 20 dB below soft speech."""


def to_int16(samples: np.ndarray) -> np.ndarray:
    """float32 in [−1, 1] to int16, rounded to nearest and clipped. Shape kept."""
    scaled = np.rint(np.asarray(samples, np.float32) * FULL_SCALE)
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE).astype(np.int16)


def audible(pcm: np.ndarray) -> np.ndarray:
    """Where int16 (samples,) is above AUDIBLE: int (places,)."""
    return np.flatnonzero(np.abs(pcm.astype(np.int32)) > AUDIBLE)
