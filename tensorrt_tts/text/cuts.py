"""Where a sentence that is too long for one generation is cut. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

SHORT = 24
"""Characters below which a piece joins its neighbour: models speak a lone word badly."""

CLAUSES = re.compile(
    r"(?<=[,;:–—])\s+|(?<=[，、；：])\s*|(?<=[\u3040-\u9fff][,;:])(?=[\u3040-\u9fff])"
)
_SPACES = re.compile(r"\s+")
_TAG = re.compile(
    r"<(?:[^<>]{1,40}|[A-Za-z][\w:-]{0,30}\s[^<>]{0,40}=[^<>]{1,160})>|\[[^\[\]]{1,40}\]"
)
LONGEST_TAG = 42
"""Characters: "<", 40 and ">"."""
LONGEST_MARKUP = 234
"""The same of a tag with attributes."""
MARKUP_BEGUN = re.compile(r"<[A-Za-z][\w:-]{0,30}(?:\s[^<>]{0,40}(?:=[^<>]{0,160})?)?")
"""Of such a tag what is there while its ">" has not come."""

_NUMBER_OR_WORD = re.compile(r"[A-Za-z0-9\u0966-\u096f\u0c66-\u0c6f.,:/₹$€£¥%@_-]")
_VIRAMA = 9
"""Its combining class: what follows it is part of the same conjunct."""

Inside = Callable[[int, int], bool]
"""Whether a cut from one position to another, around white space, would be inside of something."""


def cut_place(text: str, start: int, limit: int, inside: Inside) -> int:
    """The last place to breathe within `limit` characters of `start`, unless it would leave a stub
    on the left: after a clause, then at a space, in front of what is not `inside`; then wherever
    it is in no tag; in a longer word between two letters."""
    first, last = start + least_cut(limit), start + limit
    tags = [found.span() for found in _TAG.finditer(text, start, last + LONGEST_MARKUP)]

    def in_tag(stop: int, begin: int) -> bool:
        return any(left < begin and stop < right for left, right in tags)

    for avoided in (lambda stop, begin: in_tag(stop, begin) or inside(stop, begin), in_tag):
        for pattern in (CLAUSES, _SPACES):
            places = [
                found.start()
                for found in pattern.finditer(text, first, last + 1)
                if found.start() <= last and not avoided(found.start(), found.end())
            ]
            if places:
                return places[-1]
    for divided in (_divides_run, divides_letter):
        for place in range(min(last, len(text)), first - 1, -1):
            if not divided(text, place) and not in_tag(place, place):
                return place
    return min(last, len(text))


def least_cut(limit: int) -> int:
    """Characters that a cut leaves on its left at least."""
    return max(1, min(SHORT, limit // 2))


def divides_letter(text: str, place: int) -> bool:
    """Whether a cut there separates signs of one letter: accents, vowel signs, a conjunct's halves,
    the parts of an emoji or of a Korean syllable."""
    before, after = text[place - 1 : place], text[place : place + 1]
    if not before or not after:
        return False
    return (
        unicodedata.category(after)[0] == "M"
        or unicodedata.combining(before) == _VIRAMA
        or "\u200c" in (before, after)
        or "\u200d" in (before, after)
        or "\u1160" <= after <= "\u11ff"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
    )


def _divides_run(text: str, place: int) -> bool:
    """Or a number or a word of Latin letters, where a script has no spaces."""
    return divides_letter(text, place) or (
        _NUMBER_OR_WORD.match(text[place - 1 : place]) is not None
        and _NUMBER_OR_WORD.match(text[place : place + 1]) is not None
    )
