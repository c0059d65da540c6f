"""Where the numbers of a text are, kept while the text changes around them. Pure."""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections.abc import Sequence, Set

_DIGITS = re.compile("[0-9]+")
_DIGITS_OR_FRACTIONS = re.compile("[0-9¼½¾⅐-⅞↉]+")


_signs = functools.cache(frozenset[str])


class Numbers:
    """Of each run of digits, or vulgar fraction: where it starts, its length, and what follows it:
    the next character but for one space, "\\0" at the end of the text, or the fraction's own sign.
    A point or comma counts only in front of a digit; else it is the end of a clause, ". " or ", ".
    """

    __slots__ = ("following", "lengths", "starts")

    def __init__(self, text: str) -> None:
        self.starts: list[int] = []
        self.lengths: list[int] = []
        self.following: list[str] = []
        self._scan(text, 0, len(text))

    def places(self, after: Set[str] | str | None, digits: int) -> list[int]:
        """Where those start that are followed so, or that are as long as `digits`."""
        if after is None:
            return self.starts
        if isinstance(after, str):
            after = _signs(after)
        if digits < 99:
            return [
                start
                for start, length, sign in zip(
                    self.starts, self.lengths, self.following, strict=True
                )
                if sign in after or length >= digits
            ]
        if after.isdisjoint(self.following):
            return []
        pairs = zip(self.starts, self.following, strict=True)
        return [start for start, sign in pairs if sign in after]

    def _scan(self, text: str, start: int, end: int) -> None:
        """Those between, which follow all that are known."""
        pattern = _DIGITS if text.isascii() else _DIGITS_OR_FRACTIONS
        if not pattern.search(text, start, end):
            return
        for each in pattern.finditer(text, start, end):
            first, last = each.span()
            following = text[last : last + 1]
            if following == " ":
                following = text[last + 1 : last + 2]
            elif following in (".", ",") and not text[last + 1 : last + 2].isdecimal():
                following += " "
            if not each[0].isdecimal():
                following = next(sign for sign in each[0] if not sign.isdecimal())
            self.starts.append(first)
            self.lengths.append(last - first)
            self.following.append(following or "\0")

    def change(self, text: str, made: Sequence[tuple[int, int, int]]) -> None:
        """made: start, end and new length of what was replaced in the old text; text: the new one.

        Looks again only at what was replaced and at the numbers beside it.
        """
        starts, lengths, following = self.starts, self.lengths, self.following
        self.starts, self.lengths, self.following = [], [], []
        known, shift, index, count = 0, 0, 0, len(starts)
        while index < len(made):
            start, end, length = made[index]
            first, known = known, max(known, bisect_left(starts, start))
            while known > first and starts[known - 1] + lengths[known - 1] + 1 >= start:
                known -= 1
            if first < known:
                self.starts += [at + shift for at in starts[first:known]]
                self.lengths += lengths[first:known]
                self.following += following[first:known]
            begin = start if known == count else min(start, starts[known])
            begin += shift
            shift += length - (end - start)
            index += 1
            while True:  # with what is so near that they share a number
                while known < count and starts[known] <= end:
                    end = max(end, starts[known] + lengths[known])
                    known += 1
                if index == len(made) or made[index][0] > end + 1:
                    break
                start, stop, length = made[index]
                end = max(end, stop)
                shift += length - (stop - start)
                index += 1
            self._scan(text, begin, end + shift)
        self.starts += [at + shift for at in starts[known:]]
        self.lengths += lengths[known:]
        self.following += following[known:]
