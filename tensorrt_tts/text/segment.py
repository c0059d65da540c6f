"""Splits text into the parts that are generated one after another. Pure.

A part is one sentence, or several short ones, or a piece of a long one cut where a speaker would
breathe. Nothing but white space at the cuts is lost.
"""

from __future__ import annotations

import re

_BOUNDARY = re.compile(r"""[.!?।…]["')\]]*(?=\s)|[。！？]["')\]」』）]*""")
_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof sr jr st vs etc e.g i.e no fig inc ltd co u.s u.k a.m p.m""".split()  # noqa: SIM905
)
_CLAUSES = re.compile(r"(?<=[,;:–—])\s+|(?<=[，、；：])\s*")
_SPACES = re.compile(r"\s+")
_WIDE_MARKS = "。！？」』），、；："
"""Full-width marks bring their own space: none follows them in Chinese and Japanese."""

SHORT = 24
"""Characters below which a sentence joins its neighbour: models speak a lone word badly."""


def segment(text: str, limit: int) -> list[str]:
    """Parts of at most `limit` characters each (a single longer word is cut). Never empty."""
    segmenter = Segmenter(limit)
    return segmenter.feed(text.strip()) + segmenter.end()


class Segmenter:
    """`segment` for normalised text that is still coming: what it gives no further text can change.

    A part is given once what follows cannot join it: after a sentence of SHORT characters and more,
    when SHORT characters of the next one are known, or as many as do not fit within the limit. A
    sentence beyond the limit is cut when its first character beyond is known.

    first_clause: the first part ends already at a comma, colon, semicolon or dash once it has that
    many characters, or with a sentence that has them (or SHORT), so that speech starts sooner; what
    remains of its sentence may be short. None: it is a part like the others.
    """

    def __init__(self, limit: int, first_clause: int | None = None) -> None:
        self._limit = limit
        self._first_clause = first_clause  # None once a part was given
        self._part = ""  # pieces that were joined, and that the next one may join
        self._rest = ""  # begins a piece

    def feed(self, text: str) -> list[str]:
        return self._take(text, ended=False)

    def end(self) -> list[str]:
        """The rest. What is fed next begins a new part."""
        return self._take("", ended=True)

    def _take(self, text: str, *, ended: bool) -> list[str]:
        parts: list[str] = []
        text = self._rest + text
        start = _skip_spaces(text, 0)
        while start < len(text):
            end = _piece_end(text, start, self._limit, ended=ended)
            early = self._early_end(text, start, len(text) if end is None else end)
            if early is not None:
                end = early
            if end is None:
                break
            piece = text[start:end]
            if not self._joins(len(piece)):
                self._give(parts)
            self._part = _joined(self._part, piece)
            if early is not None or self._ends_early():
                self._give(parts)
            start = _skip_spaces(text, end)
        self._rest = text[start:]
        if ended or not self._may_join(self._rest):
            self._give(parts)
        return parts

    def _give(self, parts: list[str]) -> None:
        if self._part:
            parts.append(self._part)
            self._part, self._first_clause = "", None

    def _joins(self, length: int) -> bool:
        """Whether a piece of that length joins the part."""
        part = len(self._part)
        return (part < SHORT or length < SHORT) and part + 1 + length <= self._limit

    def _may_join(self, rest: str) -> bool:
        """Whether the piece that `rest` begins may join the part. It is as long as `rest` at least,
        or ends where `rest` would be cut."""
        return self._joins(max(1, _cut(rest, 0, self._limit)))

    def _ends_early(self) -> bool:
        """Whether the part is the first one and long enough for it."""
        least = self._first_clause
        return least is not None and len(self._part) >= min(least, SHORT)

    def _early_end(self, text: str, start: int, end: int) -> int | None:
        """Where the first part ends at a clause, within the piece from `start` to `end`."""
        if self._first_clause is None:
            return None
        for match in _CLAUSES.finditer(text, start + 1, min(end, start + self._limit) + 1):
            if match.start() > end or match.end() >= len(text):
                break
            piece = text[start : match.start()]
            if not self._joins(len(piece)):
                break
            if len(_joined(self._part, piece)) >= self._first_clause:
                return match.start()
        return None


def _joined(part: str, piece: str) -> str:
    return part + ("" if not part or part[-1] in _WIDE_MARKS else " ") + piece


def _skip_spaces(text: str, start: int) -> int:
    spaces = _SPACES.match(text, start)
    return spaces.end() if spaces else start


def _piece_end(text: str, start: int, limit: int, *, ended: bool) -> int | None:
    """Where the sentence from `start` on ends, or is cut where it is too long; None: not known."""
    for match in _BOUNDARY.finditer(text, start, start + limit + 1):
        end = match.end()
        if end - start > limit or (end == len(text) and not ended):  # more brackets may close
            break
        if not _abbreviated(text[start:end]):
            return end
    if len(text) - start > limit:
        return _cut(text, start, limit)
    return len(text) if ended else None


def _abbreviated(head: str) -> bool:
    """Whether the full stop at the end of `head` belongs to "Dr." or an initial."""
    word = head.rsplit(" ", 1)[-1].lstrip("(\"'")
    if not word.endswith("."):
        return False
    stem = word[:-1]
    return stem.lower() in _ABBREVIATIONS or (len(stem) == 1 and stem.isupper())


def _cut(text: str, start: int, limit: int) -> int:
    """The last place to breathe within the limit, unless it would leave a stub on the left; else
    the limit, or the end of the text."""
    first, last = start + max(1, min(SHORT, limit // 2)), start + limit
    for pattern in (_CLAUSES, _SPACES):
        places = [match.start() for match in pattern.finditer(text, first, last + 1)]
        places = [place for place in places if place <= last]
        if places:
            return places[-1]
    return min(last, len(text))
