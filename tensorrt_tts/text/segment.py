"""The parts of a text that are generated one after another. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tensorrt_tts.text.cuts import SHORT, cut_place
from tensorrt_tts.text.pieces import Piece, PieceCutter, in_number
from tensorrt_tts.text.sentences import Break
from tensorrt_tts.text.spoken import Spoken
from tensorrt_tts.text.written import WrittenWord

_WIDE_MARKS = "。！？」』），、；："
"""Full-width marks bring their own space: none follows them in Chinese and Japanese."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One sentence, or several short ones, or a piece of a long one cut where a speaker would
    breathe.

    text: as it is said. before: what is between it and the segment in front of it. left_out: where
    text is "", what was written there, with nothing to speak in it. words: what it says, as it was
    written.
    """

    text: str
    before: Break = Break.NONE
    left_out: str = ""
    words: tuple[WrittenWord, ...] = field(default=(), compare=False)


def segment(text: str, limit: int) -> list[str]:
    """Parts of at most `limit` characters each, as they are written. Never empty."""
    cutter, joiner = PieceCutter(limit), SegmentJoiner(limit)
    pieces = cutter.feed(text) + cutter.end()
    parts = [part for piece in pieces for part in joiner.add(piece, piece.text, Spoken(piece.text))]
    return [part.text for part in parts + joiner.end()]


class SegmentJoiner:
    """Pieces, as they are said, to segments: long ones are cut to the limit, short ones joined,
    though never over the end of a paragraph.

    A segment is given once what follows cannot join it: after SHORT characters and more, when SHORT
    characters of the next piece are known. first_clause: as many as a first segment needs; see
    `PieceCutter`. all_of_them: whatever fits is joined, over paragraphs too.
    """

    def __init__(
        self, limit: int, first_clause: int | None = None, all_of_them: bool = False
    ) -> None:
        self._limit = limit
        self._all = all_of_them
        self._first_clause = first_clause  # None once a segment was given
        self._part: Segment | None = None  # which the next piece may join
        self._size = 0  # of it: characters of short pieces as they were written
        self._before = Break.NONE  # of the next one, where pieces were left out

    def add(
        self, piece: Piece, written: str, spoken: Spoken, words: Sequence[WrittenWord] = ()
    ) -> list[Segment]:
        """written: what `spoken` says. words: of the piece, with their places in `spoken`."""
        before, self._before = max(self._before, piece.before), Break.NONE
        if not spoken.text:
            self._before = before
            return [*self.known(len(piece.text), before), Segment("", before, piece.text)]
        given: list[Segment] = []
        size = len(piece.text)  # short is what was written short: it is known before it is said
        for text, start, glued in _fitted(written, spoken, self._limit, piece.glued):
            stop = start + len(text)
            said = [
                word.said_at(word.start - start, min(word.stop, stop) - start)
                for word in words
                if start <= word.start < stop
            ]
            given += self._join(Segment(text, before, words=tuple(said)), size, glued)
            before, size = Break.NONE, len(text)
        return given

    def known(self, size: int, before: Break) -> list[Segment]:
        """What no piece of `size` characters and more can join."""
        if self._part is None or self._joins(max(1, size), 1, before):
            return []
        return self._give()

    def end(self) -> list[Segment]:
        """The rest. What is added next begins a new text."""
        self._before = Break.NONE
        return self._give()

    def _join(self, part: Segment, size: int, glued: bool) -> list[Segment]:
        given: list[Segment] = []
        if self._part is None or not self._joins(size, len(part.text), part.before):
            given, self._part = self._give(), part
        else:
            tight = self._part.text[-1] in _WIDE_MARKS or (glued and not part.before)
            text = self._part.text + ("" if tight else " ")
            by = len(text)
            moved = [word.said_at(word.start + by, word.stop + by) for word in part.words]
            words = (*self._part.words, *moved)
            self._part = Segment(text + part.text, self._part.before, words=words)
        self._size += size
        if self._first_clause is not None and self._size >= min(self._first_clause, SHORT):
            given += self._give()
        return given

    def _joins(self, size: int, length: int, before: Break) -> bool:
        """Whether a piece of that length joins the part in progress."""
        assert self._part is not None
        short = self._size < SHORT or size < SHORT
        fits = len(self._part.text) + 1 + length <= self._limit
        return fits and (self._all or (short and before < Break.PARAGRAPH))

    def _give(self) -> list[Segment]:
        if self._part is None:
            return []
        given, self._part, self._size, self._first_clause = [self._part], None, 0, None
        return given


def _fitted(
    written: str, spoken: Spoken, limit: int, glued: bool
) -> Iterator[tuple[str, int, bool]]:
    """A piece within the limit, never cut within what was said for one number or the like; with
    each part where it begins, and whether it follows without white space."""

    def inside(stop: int, begin: int) -> bool:
        left, right = spoken.origin(stop - 1, stop)[1], spoken.origin(begin, begin + 1)[0]
        return left > right or in_number(written, left, right)

    text, start = spoken.text, 0
    while len(text) - start > limit:
        stop = cut_place(text, start, limit, inside)
        yield text[start:stop], start, glued
        start = stop + len(text[stop:]) - len(text[stop:].lstrip())
        glued = start == stop
    if start < len(text):
        yield text[start:], start, glued
