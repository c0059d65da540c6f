"""A codec that costs nothing, to measure everything else. It is of no other use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tensorrt_tts.codecs.base import Job, Window
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ
from tensorrt_tts.codecs.streams import WindowCodec

_LENGTH = 1 << 20
"""Samples (44 s) after which the sound repeats, so that no two chunks of a segment are equal."""

_SHIFT = 65_537
"""Samples between the sounds of two seeds. An answer's segments have seeds that follow one another;
no multiple of a hop, so that their chunks never are the same."""


class NullCodec(WindowCodec):
    """SNAC 24 kHz's timing; its sound is quiet noise that is there before it is asked for."""

    max_batch = 256

    def __init__(self) -> None:
        self.context = SNAC_24KHZ.context()
        noise = np.random.default_rng(0).standard_normal(_LENGTH, dtype=np.float32)
        self._sound = 0.05 * np.concatenate([noise, noise])

    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        """Views, not copies, of up to 44 s each."""
        return [
            self._sound[(window.start + _SHIFT * window.seed) % _LENGTH :][
                : window.stop - window.start
            ]
            for window in jobs
            if isinstance(window, Window)
        ]
