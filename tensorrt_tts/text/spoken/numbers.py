"""Where the numbers of a text are, and what is beside them. Pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Set
from itertools import accumulate, compress

_NUMBER = re.compile("([0-9¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞↉]+)")
_BETWEEN = " -−.,'"
"""What may stand between a number and the word or sign before it: not more than four of them."""


class Numbers:
    """Of each run of digits, or vulgar fraction: where it starts, where it ends, and what follows
    it: the next character but for one space, "\\0" at the end of the text, or the fraction's own
    sign. A point or comma counts only in front of a digit; else it is the end of a clause, ". " or
    ", ".
    """

    __slots__ = ("_leads", "_text", "ends", "followed", "following", "starts")

    def __init__(self, text: str) -> None:
        parts = _NUMBER.split(text)
        places = list(accumulate(map(len, parts)))
        self._text = text
        self._leads: dict[int, list[str]] = {}
        self.starts, self.ends = places[:-1:2], places[1::2]
        self.following = [_following(text[end : end + 2]) for end in self.ends]
        if not text.isascii():
            for index, number in enumerate(parts[1::2]):
                if not number.isascii():
                    self.following[index] = number.lstrip("0123456789")[0]
        self.followed = frozenset(self.following)

    def followed_by(self, signs: Set[str]) -> list[int]:
        """Where those start that one of the signs follows."""
        if self.followed.isdisjoint(signs):
            return []
        return list(compress(self.starts, map(signs.__contains__, self.following)))

    def followed_or_long(self, signs: Set[str], digits: int) -> list[int]:
        """Where those start that one of the signs follows, or that are as long as `digits`."""
        rows = zip(self.starts, self.ends, self.following, strict=True)
        return [start for start, end, sign in rows if sign in signs or end - start >= digits]

    def preceded_by(self, endings: Set[str]) -> list[int]:
        """Where those start before which the text ends so, but for spaces, minus signs and points;
        all endings are of one length."""
        size = len(next(iter(endings)))
        leads = self._leads.get(size)
        if leads is None:
            text = self._text
            leads = self._leads[size] = [
                text[start - 6 if start > 6 else 0 : start].rstrip(_BETWEEN)[-size:]
                for start in self.starts
            ]
        return list(compress(self.starts, map(endings.__contains__, leads)))


@functools.lru_cache(4096)
def _following(beside: str) -> str:
    """Of the next two characters."""
    sign, after = beside[:1], beside[1:]
    if sign in (" ", ""):
        return after or "\0"
    return f"{sign} " if sign in ".," and not after.isdecimal() else sign
