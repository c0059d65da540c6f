"""How far speech has come: by its time, and by the syllables that are heard in it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from tensorrt_tts.audio.loudness import Span
from tensorrt_tts.text.durations import SYLLABLE_S

_HEARD = 0.4
"""How much the syllables count, beside the time: 0.3 to 0.5 are about as good on the demo voice's
speech. Without them a voice that slows down is not noticed, and with them alone each one that is
not heard is an error of its whole length."""


class Pace:
    """Of one segment so far. Progress is in seconds, as `ExpectedWord.seconds` are.

    before: progress at the start of each span, and at the end of the last one.
    """

    def __init__(self, speech: Sequence[Span], syllables: Sequence[float] = ()) -> None:
        """speech, syllables: as `Loudness` gives them. Without any syllable, time is all."""
        self._from = np.array([start for start, _ in speech])
        lengths = np.array([stop - start for start, stop in speech])
        self._before = np.concatenate([[0.0], np.cumsum(lengths)])
        times, progress = np.array([0.0, self._before[-1]]), np.array([0.0, self._before[-1]])
        if syllables:
            at = np.array(syllables)
            span = np.maximum(0, np.searchsorted(self._from, at, side="right") - 1)
            said = self._before[span] + np.clip(at - self._from[span], 0.0, lengths[span])
            # Where a syllable is loudest, half of it is said.
            end = max(float(times[-1]), float(said[-1]) + SYLLABLE_S / 2)
            times = np.concatenate([[0.0], said, [end]])
            count = np.concatenate([[0.0], np.arange(len(said)) + 0.5, [float(len(said))]])
            progress = (1 - _HEARD) * times + _HEARD * SYLLABLE_S * count
        self._times, self._progress = times, progress
        self.before: list[float] = np.interp(self._before, times, progress).tolist()

    def starts(self, progress: np.ndarray) -> list[float]:
        """Seconds at which speech has come so far; at a pause, when it goes on. What lies beyond
        the last span is taken to come at an even pace."""
        return self._at(progress + 1e-6, "right")

    def stops(self, progress: np.ndarray) -> list[float]:
        """The same; at a pause, when that begins."""
        return self._at(progress - 1e-6, "left")

    def _at(self, progress: np.ndarray, side: Literal["left", "right"]) -> list[float]:
        said = np.interp(progress, self._progress, self._times)
        said += np.maximum(0.0, progress - self._progress[-1])
        span = np.searchsorted(self._before[1:-1], said, side=side)
        found: list[float] = (self._from[span] + said - self._before[span]).tolist()
        return found
