"""A codec that costs nothing, to measure everything else. It is of no other use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tensorrt_tts.codecs.base import CodecStream, Condition, Job, Window
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ
from tensorrt_tts.codecs.streams import WindowStream
from tensorrt_tts.errors import SettingError

_LENGTH = 1 << 20
"""Samples (44 s) after which the sound repeats, so that no two chunks of a segment are equal."""

_SHIFT = 65_537
"""Samples between the sounds of two seeds. An answer's segments have seeds that follow one another;
no multiple of a hop, so that their chunks never are the same."""


class NullCodec:
    """SNAC 24 kHz's timing; its sound is quiet noise that is there before it is asked for."""

    def __init__(self) -> None:
        self.context: CodecContext = SNAC_24KHZ.context()
        noise = np.random.default_rng(0).standard_normal(_LENGTH, dtype=np.float32)
        self._sound = 0.05 * np.concatenate([noise, noise])

    max_batch = 256
    threads = 1

    def enter_thread(self) -> None: ...

    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        """Views, not copies, of up to 44 s each."""
        return [
            self._sound[(window.start + _SHIFT * window.seed) % _LENGTH :][
                : window.stop - window.start
            ]
            for window in jobs
            if isinstance(window, Window)
        ]

    def open(
        self,
        schedule: HopSchedule,
        seed: int = 0,
        condition: Condition | None = None,
        stateful: bool = False,
    ) -> CodecStream:
        if stateful:
            raise SettingError("stateful True: the null codec keeps no state; decode windows")
        return WindowStream(self.context, schedule, seed)
