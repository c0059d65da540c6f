"""Where the speech of a segment is, and where it is silent. Pure."""

from __future__ import annotations

import numpy as np

Span = tuple[float, float]
"""Seconds: start and end."""

FRAMES_PER_S = 100
_FLOOR = 300.0
"""Root mean square, in int16: below it a whole stream counts as silent (−41 dBFS)."""
_QUIET = 0.06
"""Of the loudest frame so far, −24 dB: a pause, or the closure of a stop."""
_PAUSE_S = 0.12
"""Closures are shorter."""


class Loudness:
    """Follows the audio of one segment. It does not matter how that comes in chunks."""

    def __init__(self, sample_rate: int) -> None:
        self._frame = sample_rate // FRAMES_PER_S
        self._seconds = self._frame / sample_rate
        self._rest = np.zeros(0, np.int16)
        self._squares: list[np.ndarray] = []  # of each frame the mean square
        self._frames = 0

    @property
    def heard_s(self) -> float:
        return self._frames * self._seconds

    def hear(self, pcm: np.ndarray) -> None:
        """pcm: int16 (samples,), which follows."""
        pcm = np.concatenate([self._rest, pcm]) if len(self._rest) else pcm
        count = len(pcm) // self._frame
        # A copy, so that the chunk's memory can go.
        self._rest = pcm[count * self._frame :].copy()
        if count:
            frames = pcm[: count * self._frame].reshape(count, -1).astype(np.float32)
            self._squares.append(np.einsum("ij,ij->i", frames, frames) / self._frame)
            self._frames += count

    def speech(self) -> list[Span]:
        """What lies between pauses, so far; the last one may go on."""
        if not self._frames:
            return []
        self._squares = [np.concatenate(self._squares)]
        levels = np.sqrt(self._squares[0])
        loudest = np.maximum.accumulate(np.maximum(levels, _FLOOR))
        loud = np.flatnonzero(levels > np.maximum(_QUIET * loudest, _QUIET * _FLOOR))
        if not len(loud):
            return []
        gaps = np.flatnonzero(np.diff(loud) - 1 >= round(_PAUSE_S * FRAMES_PER_S))
        starts = [loud[0], *loud[gaps + 1]]
        stops = [*loud[gaps], loud[-1]]
        return [
            (float(start) * self._seconds, float(stop + 1) * self._seconds)
            for start, stop in zip(starts, stops, strict=True)
        ]


def total(spans: list[Span]) -> float:
    """Seconds of all of them."""
    return sum(stop - start for start, stop in spans)


def is_pause(seconds: float) -> bool:
    return seconds >= _PAUSE_S
