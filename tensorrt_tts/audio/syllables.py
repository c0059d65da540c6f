"""Where syllables are heard: at the peaks of the loudness. Pure.

Vowels are louder than what is around them. A peak counts that rises and falls by 2 dB and is no
more than 25 dB below the loudest one, as de Jong and Wempe count them (Praat script to detect
syllable nuclei and measure speech rate automatically, 2009).
"""

from __future__ import annotations

import math
from collections import deque

_DIP_DB = 2.0
_BELOW_DB = 25.0
_SMOOTH = (0.05, 0.12, 0.2, 0.26, 0.2, 0.12, 0.05)
"""Weights of the frames around one, a Hann window: 70 ms at 10 ms a frame."""


class Syllables:
    """peaks: frames, counted from 0; known some frames later."""

    def __init__(self) -> None:
        self.peaks: list[int] = []
        self._levels: deque[float] = deque([0.0] * len(_SMOOTH), len(_SMOOTH))
        self._frame = -1 - len(_SMOOTH) // 2  # that the smoothed level is of
        self._loudest = -math.inf
        self._rising = False
        self._turn = -math.inf  # the highest level since it rises, or the lowest since it falls
        self._turned_at = 0

    def hear(self, level: float) -> None:
        """The next frame's root mean square, in int16."""
        self._levels.append(level)
        self._frame += 1
        smooth = sum(weight * one for weight, one in zip(_SMOOTH, self._levels, strict=True))
        decibels = 20 * math.log10(max(1.0, smooth))
        self._loudest = max(self._loudest, decibels)
        if (decibels > self._turn) == self._rising:
            self._turn, self._turned_at = decibels, self._frame
        elif abs(decibels - self._turn) >= _DIP_DB:
            if self._rising and self._turn > self._loudest - _BELOW_DB:
                self.peaks.append(self._turned_at)
            self._rising = not self._rising
            self._turn, self._turned_at = decibels, self._frame
