"""The words of a text as they were written, and what is said for each. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from tensorrt_tts.text.normalize import speakable

_OPENERS = "「『（《【“‘"
_IDEOGRAPHS = r"\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(
    rf"[{_OPENERS}]*[{_IDEOGRAPHS}][\u3005\u309d\u309e\u30fc-\u30fe]*[^\w\s{_OPENERS}]*"
    rf"|[^\s{_IDEOGRAPHS}]+"
)
"""What stands between two spaces, with its punctuation. Where Chinese and Japanese write no spaces,
each character by itself."""

_DIGIT = 4
"""Characters that are said for a digit, in all languages about."""

Span = tuple[int, int]
Origins = Callable[[list[int], list[int]], tuple[list[int], list[int]]]
"""From where spans of what is said start and end, in order, to the same of what was written for
them."""


class WrittenWord(NamedTuple):
    """text: as it was sent, whole_text[begin:end]. start, stop: the characters that are said for
    it, of a segment's text."""

    text: str
    begin: int
    end: int
    start: int
    stop: int

    def said_at(self, start: int, stop: int) -> WrittenWord:
        """The word with another place of what is said for it."""
        return WrittenWord(self.text, self.begin, self.end, start, stop)


class WrittenText:
    """Follows a text that is still coming, to find its pieces in it again. A piece has the text's
    characters, but for its white space."""

    def __init__(self) -> None:
        self._rest = ""  # what no piece was taken of
        self._at = 0  # where in the whole text that begins

    def feed(self, text: str) -> None:
        self._rest += text

    def take(self, piece: str) -> list[WrittenWord]:
        """The words of the next piece; start and stop are in the piece."""
        found: list[WrittenWord] = []
        rest, cursor, stop = self._rest, 0, -1
        for word in _WORD.finditer(piece):
            start = word.start()
            while start != stop and rest[cursor].isspace():
                cursor += 1
            begin, stop = self._at + cursor, word.end()
            cursor += stop - start
            found.append(WrittenWord(word[0], begin, begin + stop - start, start, stop))
        self._rest, self._at = rest[cursor:], self._at + cursor
        return found


def said_words(words: Sequence[WrittenWord], said: str, *origins: Origins) -> list[WrittenWord]:
    """The words of a piece with what is said for them, without those that nothing is said for.

    words: as `WrittenText.take` gives them. origins: one after another they lead from what is said
    to the piece. What is said for several of them together, as for a
    date, is divided among them by their length.
    """
    spans = [part.span() for part in _WORD.finditer(said)]
    lefts, rights = [start for start, _ in spans], [stop for _, stop in spans]
    for origin in origins:
        lefts, rights = origin(lefts, rights)
    places = list(zip(lefts, rights, strict=True))
    if places == spans == [(word.start, word.stop) for word in words]:  # said as it is written
        return [word for word in words if speakable(said[word.start : word.stop])]
    found: list[WrittenWord] = []
    for group, start, stop in _groups(words, spans, places):
        if speakable(said[start:stop]):
            found += _divided(group, start, stop)
    return found


def _groups(
    words: Sequence[WrittenWord], spans: Sequence[Span], places: Sequence[Span]
) -> Iterable[tuple[Sequence[WrittenWord], int, int]]:
    """Words with the span that is said for them, as few together as can be told apart. spans: of
    what is said; places: of what was written for each."""
    first = last = 0  # words[first:last] is the group in progress
    start = stop = 0
    for (begin, end), (left, right) in zip(spans, places, strict=True):
        of = last
        while of > first and words[of - 1].stop > left:
            of -= 1
        if of == last:  # none of the group in progress
            while of < len(words) and words[of].stop <= left:
                of += 1
            if of < len(words) and words[of].start < right:
                if first < last:
                    yield words[first:last], start, stop
                start, first, last = (begin if first < last else start), of, of + 1
        while last > first and last < len(words) and words[last].start < right:
            last += 1
        stop = end
    if first < last:
        yield words[first:last], start, stop


def _divided(group: Sequence[WrittenWord], start: int, stop: int) -> list[WrittenWord]:
    if len(group) == 1:
        return [group[0].said_at(start, stop)]
    sizes = [sum(_DIGIT if c.isdecimal() else 1 for c in word.text) for word in group]
    ends = [start + round((stop - start) * part / sum(sizes)) for part in accumulate(sizes)]
    return [
        word.said_at(begin, end)
        for word, begin, end in zip(group, [start, *ends], ends, strict=False)
    ]
