"""Float samples to 16-bit PCM. Pure."""

from __future__ import annotations

import numpy as np

FULL_SCALE = 32767


def to_int16(samples: np.ndarray) -> np.ndarray:
    """float32 in [−1, 1] to int16, rounded to nearest and clipped. An array; shape kept."""
    scaled = np.asarray(samples, np.float32) * FULL_SCALE
    np.rint(scaled, out=scaled)  # in place: this is done with every chunk of every stream
    np.minimum(np.maximum(scaled, -FULL_SCALE, out=scaled), FULL_SCALE, out=scaled)
    return scaled.astype(np.int16)


def level_to_amplitude(decibels: float) -> float:
    """dBFS to an int16 amplitude: −40 dBFS is 328."""
    return float(FULL_SCALE * 10 ** (decibels / 20))
