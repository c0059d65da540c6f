"""Speech slower or faster at its own pitch, chunk by chunk: FFmpeg's `atempo` (WSOLA)."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from tensorrt_tts.audio.encode import import_av

SLOWEST, FASTEST = 0.25, 4.0

BLOCK_S = 0.02
"""The filter is fed in pieces of one length: where it joins two windows depends on them a little,
and what is heard should not depend on the sizes of the chunks."""

TAIL_S = 0.25
"""Of silence that is fed at the end and cut off again: the filter drops up to a window of what
comes last."""


class TimeStretch:
    """speed: 2 is twice as fast; any from SLOWEST to FASTEST. What comes out lasts as long
    as it should, to the sample. A tenth of a second is held back.

    Raises MissingDependencyError without PyAV.
    """

    def __init__(self, speed: float, sample_rate: int) -> None:
        self._av = import_av("another speed", "leave speed at 1")
        self._rate = sample_rate
        self._speed = speed
        self._given = self._taken = 0
        self._block = round(BLOCK_S * sample_rate)
        self._unfed = np.zeros(0, np.int16)
        self._fed = 0
        self._graph = self._av.filter.Graph()
        node = self._graph.add_abuffer(
            sample_rate=sample_rate, format="s16", layout="mono", time_base=Fraction(1, sample_rate)
        )
        for factor in factors(speed):
            following = self._graph.add("atempo", f"{factor:.6f}")
            node.link_to(following)
            node = following
        node.link_to(self._graph.add("abuffersink"))
        self._graph.configure()

    def push(self, pcm: np.ndarray) -> np.ndarray:
        """int16 (samples,) to int16 (samples,), which may be none yet."""
        self._given += len(pcm)
        pulled = self._through(pcm)
        self._taken += len(pulled)
        return pulled

    def finish(self) -> np.ndarray:
        """What is left. Called once."""
        left = round(self._given / self._speed) - self._taken
        tail = self._through(np.zeros(round(TAIL_S * self._rate), np.int16))
        self._graph.push(None)
        return np.concatenate([tail, self._pulled()])[:left]

    def _through(self, pcm: np.ndarray) -> np.ndarray:
        self._unfed = np.concatenate([self._unfed, pcm])
        parts = []
        while len(self._unfed) >= self._block:
            self._feed(self._unfed[: self._block])
            self._unfed = self._unfed[self._block :]
            parts.append(self._pulled())
        return np.concatenate([np.zeros(0, np.int16), *parts])

    def _feed(self, pcm: np.ndarray) -> None:
        samples = np.ascontiguousarray(pcm, np.int16)[None]
        frame = self._av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = self._rate
        frame.pts, frame.time_base = self._fed, Fraction(1, self._rate)
        self._fed += len(pcm)
        self._graph.push(frame)

    def _pulled(self) -> np.ndarray:
        parts = [np.zeros(0, np.int16)]
        while True:
            try:
                parts.append(self._graph.pull().to_ndarray()[0])
            except (self._av.BlockingIOError, self._av.EOFError):
                return np.concatenate(parts)


def factors(speed: float) -> list[float]:
    """What filters in a row have to do: one takes no less than a half, and skips samples above
    two."""
    count = max(1, math.ceil(abs(math.log2(speed)) - 1e-9))
    return [speed ** (1 / count)] * count
