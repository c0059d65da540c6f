"""Where the speech of a segment is, and where it is silent. Pure."""

from __future__ import annotations

import numpy as np

from tensorrt_tts.audio.syllables import Syllables

Span = tuple[float, float]
"""Seconds: start and end."""

FRAMES_PER_S = 100
_FLOOR = 300.0
"""Root mean square, in int16: below it a whole stream counts as silent (−41 dBFS)."""
_QUIET = 0.06
"""Of the loudest frame so far, −24 dB: a pause, or the closure of a stop."""
_PAUSE_S = 0.12
"""Closures are shorter."""
_PAUSE_FRAMES = round(_PAUSE_S * FRAMES_PER_S)


class Loudness:
    """Follows the audio of one segment. It does not matter how that comes in chunks."""

    def __init__(self, sample_rate: int) -> None:
        self._frame = sample_rate // FRAMES_PER_S
        self._seconds = self._frame / sample_rate
        self._rest = np.zeros(0, np.int16)
        self._frames = 0
        self._loudest = _FLOOR
        self._speech: list[tuple[int, int]] = []  # frames: start and stop
        self._syllables = Syllables()

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
            squares = (frames[:, None, :] @ frames[:, :, None]).ravel() / self._frame
            for level in np.sqrt(squares).tolist():
                self._follow(level)

    def _follow(self, level: float) -> None:
        frame = self._frames
        self._frames += 1
        self._syllables.hear(level)
        self._loudest = max(self._loudest, level)
        if level <= _QUIET * self._loudest:
            return
        if self._speech and frame - self._speech[-1][1] < _PAUSE_FRAMES:
            self._speech[-1] = (self._speech[-1][0], frame + 1)
        else:
            self._speech.append((frame, frame + 1))

    def speech(self) -> list[Span]:
        """What lies between pauses, so far; the last one may go on."""
        return [(start * self._seconds, stop * self._seconds) for start, stop in self._speech]

    def syllables(self) -> list[float]:
        """Seconds at which each is loudest, so far; none of the last tenth of a second."""
        return [(peak + 0.5) * self._seconds for peak in self._syllables.peaks]


def is_pause(seconds: float) -> bool:
    return seconds >= _PAUSE_S
