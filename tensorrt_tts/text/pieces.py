"""Sentences of a text that is still coming, and clauses of those that are too long. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tensorrt_tts.text.cuts import (
    CLAUSES,
    LONGEST_MARKUP,
    LONGEST_TAG,
    MARKUP_BEGUN,
    cut_place,
    least_cut,
)
from tensorrt_tts.text.sentences import Break, SentenceScanner, in_bracket
from tensorrt_tts.text.spacing import Spacing


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text as it was written, but for its white space. before: what is between it and
    the piece in front of it. ended: whether its sentence ends with it. glued: whether no white
    space is in front of it."""

    text: str
    before: Break
    ended: bool
    glued: bool


class PieceCutter:
    """Text in pieces of any size to `Piece`s: the same ones wherever it was cut.

    A sentence is given once its end is judged (`SentenceScanner`), one beyond the limit up to its
    last clause once its first character beyond is known, or the 41 after a "<" or "[" that may be a
    tag's, and more while they may be a tag's with attributes. first_clause: the first piece ends
    already at a comma, colon, semicolon or dash once the text has that many characters.
    """

    def __init__(self, limit: int, first_clause: int | None = None, language: str = "en") -> None:
        self._limit = limit
        self._first_clause = first_clause  # None once the text has so many
        self._scanner = SentenceScanner(language)
        self._spacing = Spacing()
        self._begin()

    def _begin(self) -> None:
        self._rest = ""  # begins a piece
        self._judged = 0  # characters of it without an end
        self._column = 0  # of its first character
        self._given = 0  # characters
        self._before = Break.NONE
        self._glued = False

    @property
    def known(self) -> int:
        """Least characters of the piece in progress; 0 if none is."""
        return min(self._judged, least_cut(self._limit))

    @property
    def before(self) -> Break:
        """What is in front of the piece in progress."""
        return self._before

    def feed(self, text: str) -> list[Piece]:
        self._rest += self._spacing.feed(text)
        return self._take(ended=False)

    def end(self) -> list[Piece]:
        """The rest. What is fed next begins a new text."""
        pieces = self._take(ended=True)
        self._spacing.end()
        self._begin()
        return pieces

    def _take(self, *, ended: bool) -> list[Piece]:
        text, start, judged = self._rest, 0, self._judged
        pieces: list[Piece] = []
        while start < len(text):
            end, judged = self._scanner.next(
                text, start, judged, self._limit, self._column, ended=ended
            )
            stop, kind = (end.stop, end.kind) if end else (None, Break.SENTENCE)
            clause = self._first_end(text, start, judged)
            if clause is not None:
                stop, kind = clause, Break.NONE
            elif judged - start > self._limit:
                stop, kind = self._cut(text, start, ended), Break.NONE
            elif end is None and ended:
                stop = len(text)
            if stop is None:
                break
            pieces.append(Piece(text[start:stop], self._before, kind > Break.NONE, self._glued))
            self._given += stop - start
            if self._first_clause is not None and self._given >= self._first_clause:
                self._first_clause = None
            start = judged = _next_start(text, stop)
            self._before, self._glued = kind, start == stop
        line = text.rfind("\n", 0, start)
        self._column = start - line - 1 if line >= 0 else self._column + start
        self._rest, self._judged = text[start:], max(0, judged - start)
        return pieces

    def _first_end(self, text: str, start: int, judged: int) -> int | None:
        """Where the first piece ends at a clause, in what holds no end of a sentence."""
        least = self._first_clause
        if least is None:
            return None
        last = min(judged, start + self._limit)
        for clause in CLAUSES.finditer(text, start + 1, min(len(text), last + 1)):
            stop = clause.start()
            if stop > last or clause.end() >= len(text):
                break
            long = self._given + stop - start >= least
            if (
                long
                and not in_number(text, stop, clause.end())
                and not in_bracket(text, start, stop)
            ):
                return stop
        return None

    def _cut(self, text: str, start: int, ended: bool) -> int | None:
        last = start + self._limit
        for opening, closing in ("<>", "[]"):
            opened = text.rfind(opening, max(start, last - LONGEST_MARKUP + 1), last)
            if ended or opened < 0 or closing in text[opened:]:
                continue
            if len(text) < opened + LONGEST_TAG or MARKUP_BEGUN.fullmatch(text, opened):
                return None
        return cut_place(text, start, self._limit, lambda stop, begin: in_number(text, stop, begin))


def _next_start(text: str, stop: int) -> int:
    while stop < len(text) and text[stop] in " \n":
        stop += 1
    return stop


def in_number(text: str, stop: int, begin: int) -> bool:
    """Whether white space there is within a number, a date, an amount with its unit, or behind an
    abbreviation or initial."""
    before, after = text[stop - 1 : stop], text[begin : begin + 1]
    if before in ",;:–—":
        return text[stop - 2 : stop - 1].isdigit() and after.isdigit()
    return before in ".+₹$€£¥#" or before.isdigit() or after.isdigit() or after in "%°"
