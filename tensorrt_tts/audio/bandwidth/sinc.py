"""A whole number of samples for each one: a windowed sinc, chunk by chunk.

The one that AP-BWE's training data went through (torchaudio's `sinc_interp_hann` by its defaults),
since its network has seen no other. soxr's is the better resampler. Pure.
"""

from __future__ import annotations

import numpy as np

ZEROS = 6
"""Zero crossings of the sinc to either side, after which the window ends."""

ROLLOFF = 0.99
"""The cut-off, over half the lower rate."""

REACH = int(ZEROS / ROLLOFF)
"""Samples to either side that a new one depends on."""


class SincUpsampler:
    """factor: new samples for each. What comes out does not depend on where the chunks were cut, to
    the bit: sums have one order."""

    def __init__(self, factor: int) -> None:
        self._taps = _taps(factor)
        self._held = np.zeros(REACH, np.float32)  # before the stream there is silence

    def push(self, samples: np.ndarray) -> np.ndarray:
        """float32 (n,) to float32 (m,), which may be none yet: REACH are looked ahead."""
        held = np.concatenate([self._held, samples.astype(np.float32, copy=False)])
        count = max(0, len(held) - 2 * REACH)
        self._held = held[count:]
        found = np.zeros((count, self._taps.shape[1]), np.float32)
        for start, taps in enumerate(self._taps):
            found += held[start : start + count, None] * taps
        return found.ravel()

    def finish(self) -> np.ndarray:
        """What is left. Called once."""
        return self.push(np.zeros(REACH, np.float32))


def _taps(factor: int) -> np.ndarray:
    """(2 · REACH + 1, factor): of each sample around, what it adds to each of the new ones."""
    around = np.arange(-REACH, REACH + 1)[:, None]
    at = ROLLOFF * (around - np.arange(factor) / factor)
    window = np.cos(np.pi * at / ZEROS / 2) ** 2 * (np.abs(at) < ZEROS)
    taps: np.ndarray = (ROLLOFF * np.sinc(at) * window).astype(np.float32)
    return taps
