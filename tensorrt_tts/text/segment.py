"""Splits text into the parts that are generated one after another. Pure.

A part is one sentence, or several short ones, or a piece of a long one cut where a speaker would
breathe. Nothing but white space at the cuts is lost.
"""

from __future__ import annotations

import re

_BOUNDARY = re.compile(r"""(?<=[.!?।…])["')\]]*\s+|(?<=[。！？])["')\]」』）]*\s*""")
_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof sr jr st vs etc e.g i.e no fig inc ltd co u.s u.k a.m p.m""".split()  # noqa: SIM905
)
_BREATHS = (re.compile(r"(?<=[,;:–—])\s+|(?<=[，、；：])\s*"), re.compile(r"\s+"))
_WIDE_MARKS = "。！？」』），、；："
"""Full-width marks bring their own space: none follows them in Chinese and Japanese."""

SHORT = 24
"""Characters below which a sentence joins its neighbour: models speak a lone word badly."""


def segment(text: str, limit: int) -> list[str]:
    """Parts of at most `limit` characters each (a single longer word is cut). Never empty."""
    parts: list[str] = []
    for sentence in _sentences(text):
        for piece in _pieces(sentence, limit):
            short = parts and (len(parts[-1]) < SHORT or len(piece) < SHORT)
            if short and len(parts[-1]) + 1 + len(piece) <= limit:
                parts[-1] += ("" if parts[-1][-1] in _WIDE_MARKS else " ") + piece
            else:
                parts.append(piece)
    return parts


def _sentences(text: str) -> list[str]:
    sentences: list[str] = []
    start = 0
    for match in _BOUNDARY.finditer(text):
        head = text[start : match.end()].rstrip()
        if not _abbreviated(head):
            sentences.append(head)
            start = match.end()
    if text[start:].strip():
        sentences.append(text[start:].strip())
    return sentences


def _abbreviated(head: str) -> bool:
    """Whether the full stop at the end of `head` belongs to "Dr." or an initial."""
    word = head.rsplit(" ", 1)[-1].lstrip("(\"'")
    if not word.endswith("."):
        return False
    stem = word[:-1]
    return stem.lower() in _ABBREVIATIONS or (len(stem) == 1 and stem.isupper())


def _pieces(sentence: str, limit: int) -> list[str]:
    if len(sentence) <= limit:
        return [sentence]
    for pattern in _BREATHS:
        cut = _best_cut(sentence, limit, pattern)
        if cut:
            head, tail = sentence[: cut[0]], sentence[cut[1] :]
            return [head, *_pieces(tail, limit)]
    return [sentence[:limit], *_pieces(sentence[limit:], limit)]


def _best_cut(sentence: str, limit: int, pattern: re.Pattern[str]) -> tuple[int, int] | None:
    """The last place within the limit, unless it would leave a stub on the left."""
    cut = None
    for match in pattern.finditer(sentence):
        if match.start() > limit:
            break
        if match.start() >= min(SHORT, limit // 2) and match.end() < len(sentence):
            cut = match.span()
    return cut
