"""A codec whose every sample says which step it is of, so that audio tells what it is a part of."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from tensorrt_tts.codecs.base import Job, Step, Window
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ
from tensorrt_tts.codecs.streams import WindowCodec


class StepCodec(WindowCodec):
    """SNAC 24 kHz's timing. A step sounds like one level, which its codes give."""

    max_batch = 8

    def __init__(self) -> None:
        self.context = SNAC_24KHZ.context()

    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        return [self._sound(window) for window in jobs if isinstance(window, Window)]

    def _sound(self, window: Window) -> np.ndarray:
        levels = np.array([_level(step) for step in window.steps], np.float32)
        samples = np.arange(window.start, window.stop)
        return levels[samples // self.context.samples_per_step - window.origin]


def _level(step: Step) -> float:
    """−0.5 to 0.5."""
    digest = hashlib.blake2b(repr(step).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little") / 2**32 - 0.5
