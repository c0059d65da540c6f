"""When the words of a segment are heard, by where the model looked while it spoke. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from tensorrt_tts.audio.loudness import Span
from tensorrt_tts.audio.word_timer import extend

_WINDOW = 13
"""Ids over which the place is a median, a seventh of a second of SNAC: heads glance aside."""
_NEAR_S = 0.06
"""From a word's end to a pause that it ends at."""


class AlignedTimer:
    """Of one segment. As `WordTimer`, whose words are in the prompt at `places`: start and stop, of
    what sounds."""

    def __init__(self, places: Sequence[tuple[int, int]], id_s: float) -> None:
        """id_s: seconds that one id lasts."""
        self.final: list[Span] = []
        self._places = places
        self._id_s = id_s
        self._looked: list[int] = []
        self._reached: list[int] = []  # of each id the furthest place so far
        self._rest: list[Span] = []

    @property
    def estimates(self) -> list[Span]:
        """Of the words that have begun."""
        return self.final + self._rest

    @property
    def known(self) -> bool:
        """Whether the backend says where the model looks."""
        return bool(self._looked)

    def looked_at(self, places: Sequence[int]) -> None:
        """Of the next ids."""
        self._looked += places

    def update(
        self,
        speech: Sequence[Span],
        heard_s: float,
        *,
        ended: bool,
        syllables: Sequence[float] = (),
    ) -> None:
        """See `WordTimer.update`; the syllables are not looked at."""
        self._reach(ended=ended)
        furthest = self._furthest
        begun = sum(ended or start <= furthest for start, _ in self._places)
        found = [self._span(word) for word in range(begun)]
        if ended:  # and so has what was never reached
            last = speech[-1][1] if speech else heard_s
            found = [(min(start, last), min(end, last)) for start, end in found]
        found = at_pauses(found, speech)
        count = len(self.final)
        while count < len(found) and (
            ended or (self._places[count][1] < furthest and found[count][1] <= heard_s)
        ):
            count += 1
        extend(self.final, found[len(self.final) : count])
        self._rest = found[count:]

    @property
    def _furthest(self) -> int:
        return self._reached[-1] if self._reached else -1

    def _reach(self, *, ended: bool) -> None:
        half = _WINDOW // 2
        known = len(self._looked) if ended else len(self._looked) - half
        padded = [self._looked[:1] * half, self._looked, self._looked[-1:] * half]
        looked = [place for part in padded for place in part]
        for at in range(len(self._reached), known):
            place = sorted(looked[at : at + _WINDOW])[half]
            self._reached.append(max(place, self._furthest))

    def _span(self, word: int) -> Span:
        """From the first id that reaches a place to the first one that reaches what is behind; of a
        word in progress, to where it ends if it goes on as all did before."""
        start, stop = self._places[word]
        begin_s = float(np.searchsorted(self._reached, start)) * self._id_s
        if stop <= self._furthest:
            return begin_s, float(np.searchsorted(self._reached, stop)) * self._id_s
        now_s = len(self._reached) * self._id_s
        pace_s = now_s / max(1, self._furthest - self._places[0][0])
        return begin_s, max(now_s, begin_s + (stop - start) * pace_s)


def at_pauses(words: list[Span], speech: Sequence[Span]) -> list[Span]:
    """Words that end and begin where a pause does, if one is between them."""
    found = list(words)
    for (_, pause), (onset, _) in itertools.pairwise(speech):
        for index in range(len(found) - 1):
            (start, end), (then, stop) = found[index], found[index + 1]
            between = pause <= then + _NEAR_S and end - _NEAR_S <= onset
            if between and start < pause and onset < stop:
                found[index], found[index + 1] = (start, pause), (onset, stop)
                break
    if found and speech:
        start, end = found[0]
        found[0] = (min(end, max(start, speech[0][0])), end)
    return found
