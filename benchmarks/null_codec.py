"""A codec that costs nothing, to measure everything else. It is of no other use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tensorrt_tts.codecs.base import CodecContext, StatefulStream, Window
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ
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

    def decode_windows(self, windows: Sequence[Window]) -> list[np.ndarray]:
        """Views, not copies, of up to 44 s each."""
        return [
            self._sound[(window.start + _SHIFT * window.seed) % _LENGTH :][
                : window.stop - window.start
            ]
            for window in windows
        ]

    def open_stream(self, seed: int = 0) -> StatefulStream:
        raise SettingError("stateful True: the null codec keeps no state; decode windows")
