"""A clock that a test moves, and a listener who keeps what the codec's scheduler delivers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tensorrt_tts.codecs.scheduler import Decoded


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Listener:
    """What was delivered, in order."""

    pcm: list[np.ndarray] = field(default_factory=list)
    end: list[Exception | None] = field(default_factory=list)

    def __call__(self, item: Decoded | Exception | None) -> None:
        assert not self.end, "something came after the end"
        if isinstance(item, Decoded):
            assert item.pcm.dtype == np.int16
            assert len(item.pcm)
            self.pcm.append(item.pcm)
        else:
            self.end.append(item)

    @property
    def audio(self) -> np.ndarray:
        return np.concatenate([np.zeros(0, np.int16), *self.pcm])
