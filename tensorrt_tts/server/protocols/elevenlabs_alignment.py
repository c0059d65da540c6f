"""When each character is heard, as ElevenLabs says it: from the times of words. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorrt_tts.words import Word


class CharacterTimes:
    """Of one context. A word's time is spread evenly over its characters, the pause before it over
    what stands there.

    speed: 2 is twice as fast. absolute: times from the context's first sample; else each message's
    begin where those of the one before it ended.
    """

    def __init__(self, speed: float, absolute: bool) -> None:
        self._speed = speed
        self._absolute = absolute
        self._text = ""
        self._said = 0  # characters
        self._now_ms = 0
        self._estimated = False

    def feed(self, text: str) -> None:
        """More of what was sent, which `Word.begin` and `Word.end` count."""
        self._text += text

    def of(self, words: Sequence[Word], last: bool = False) -> dict[str, Any] | None:
        """The next words, and all that stands before them. last: and the rest of the text. None
        where that is nothing, and where no word's time was known at all."""
        began_ms = 0 if self._absolute else self._now_ms
        chars: list[str] = []
        starts: list[int] = []
        durations: list[int] = []

        def spread(end: int, until_ms: int) -> None:
            text, start_ms = self._text[self._said : end], self._now_ms
            until_ms = max(start_ms, until_ms)
            edges = [
                start_ms + (until_ms - start_ms) * index // max(1, len(text))
                for index in range(len(text) + 1)
            ]
            chars.extend(text)
            starts.extend(edge - began_ms for edge in edges[:-1])
            durations.extend(after - edge for edge, after in itertools.pairwise(edges))
            self._said, self._now_ms = max(self._said, end), until_ms

        for word in words:
            spread(word.begin, self._ms(word.start_s))
            spread(word.end, self._ms(word.end_s))
        if last and self._said:
            spread(len(self._text), self._now_ms)
        if not chars:
            return None
        self._estimated |= any(word.estimated for word in words)
        times = {"chars": chars, "charStartTimesMs": starts, "charDurationsMs": durations}
        return {**times, "estimated": self._estimated}

    def _ms(self, seconds: float) -> int:
        return round(1000 * seconds / self._speed)


def in_seconds(times: dict[str, Any] | None) -> dict[str, Any] | None:
    """What `CharacterTimes.of` gives, as ElevenLabs says it over HTTP."""
    if times is None:
        return None
    starts, durations = times["charStartTimesMs"], times["charDurationsMs"]
    return {
        "characters": times["chars"],
        "character_start_times_seconds": [start / 1000 for start in starts],
        "character_end_times_seconds": [
            (start + duration) / 1000 for start, duration in zip(starts, durations, strict=True)
        ],
        "estimated": times["estimated"],
    }
