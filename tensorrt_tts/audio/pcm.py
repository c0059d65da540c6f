"""16-bit PCM: made of float samples, and where it can be heard. Pure."""

from __future__ import annotations

import numpy as np

FULL_SCALE = 32767

AUDIBLE = FULL_SCALE * 10 ** (-40 / 20)
"""Speech level against the pause before it: −40 dBFS is some 20 dB below soft speech."""

_QUIET = int(AUDIBLE)
"""The loudest sample that is not."""


def to_int16(samples: np.ndarray) -> np.ndarray:
    """float32 in [−1, 1] to int16, rounded to nearest and clipped. An array; shape kept."""
    scaled = np.asarray(samples, np.float32) * FULL_SCALE
    np.rint(scaled, out=scaled)  # in place: this is done with every chunk of every stream
    np.minimum(np.maximum(scaled, -FULL_SCALE, out=scaled), FULL_SCALE, out=scaled)
    return scaled.astype(np.int16)


def audible(pcm: np.ndarray) -> np.ndarray:
    """Which of int16 (samples,) are above AUDIBLE: bool (samples,)."""
    return (pcm > _QUIET) | (pcm < -_QUIET)  # no wider copy: this is done with every chunk
