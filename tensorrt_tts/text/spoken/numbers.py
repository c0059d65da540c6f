"""Where the numbers of a text are, kept while the text changes around them. Pure."""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections.abc import Sequence, Set

_DIGITS = re.compile("[0-9]+")
_DIGITS_OR_FRACTIONS = re.compile("[0-9¼½¾⅐-⅞↉]+")
_FRACTIONS = re.compile("[¼½¾⅐-⅞↉]")

_signs = functools.cache(frozenset[str])


class Numbers:
    """Of each run of digits, or vulgar fraction: where it starts and ends, and what is beside it.

    What follows is the next character but for one space, "\\0" at the end of the text, or the
    fraction's own sign. A point or comma counts only in front of a digit; else it is the end of a
    clause, ". " or ", ". What precedes is the character before, but for one space, sign or point;
    "\\0" at the beginning of the text.
    """

    __slots__ = ("_followed", "_preceded", "ends", "following", "preceding", "starts")

    def __init__(self, text: str) -> None:
        self._forget()
        self._scan(text, 0, len(text))
        self._summarise()

    def _forget(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.following: list[str] = []
        self.preceding: list[str] = []

    def _summarise(self) -> None:
        self._followed = frozenset(self.following)
        self._preceded = frozenset(self.preceding)

    def places(
        self, after: Set[str] | str | None, digits: int, before: Set[str] | None = None
    ) -> list[int]:
        """Where those start that have one of these beside them, or that are as long as `digits`."""
        if before is not None:
            if before.isdisjoint(self._preceded):
                return []
            pairs = zip(self.starts, self.preceding, strict=True)
            return [start for start, sign in pairs if sign in before]
        if after is None:
            return self.starts
        if isinstance(after, str):
            after = _signs(after)
        if digits < 99:
            return [
                start
                for start, end, sign in zip(self.starts, self.ends, self.following, strict=True)
                if sign in after or end - start >= digits
            ]
        if after.isdisjoint(self._followed):
            return []
        pairs = zip(self.starts, self.following, strict=True)
        return [start for start, sign in pairs if sign in after]

    def _scan(self, text: str, start: int, end: int) -> None:
        """Those between, which follow all that are known."""
        pattern = _DIGITS if text.isascii() else _DIGITS_OR_FRACTIONS
        for each in pattern.finditer(text, start, end):
            first, last = each.span()
            following = text[last : last + 1]
            if following == " ":
                following = text[last + 1 : last + 2]
            elif following in (".", ",") and not text[last + 1 : last + 2].isdecimal():
                following += " "
            if pattern is not _DIGITS and (sign := _FRACTIONS.search(text, first, last)):
                following = sign[0]
            preceding = text[first - 1] if first else "\0"
            if preceding in " -−.'":
                preceding = text[first - 2] if first > 1 else "\0"
            self.starts.append(first)
            self.ends.append(last)
            self.following.append(following or "\0")
            self.preceding.append(preceding)

    def change(self, text: str, made: Sequence[tuple[int, int, int]], new: str) -> None:
        """made: start, end and new length of what was replaced in the old text; text: the new one;
        new: all that was put in, of which only its characters matter.

        Looks again only at what was replaced by numbers and at the numbers beside it.
        """
        starts, ends, following, preceding = (
            self.starts,
            self.ends,
            self.following,
            self.preceding,
        )
        worded = _DIGITS_OR_FRACTIONS.search(new) is None
        self._forget()
        known, shift, index, count = 0, 0, 0, len(starts)
        while index < len(made):
            start, end, length = made[index]
            first, known = known, bisect_left(ends, start - 1, known)
            if first < known:
                self._keep(starts[first:known], ends[first:known], shift)
                self.following += following[first:known]
                self.preceding += preceding[first:known]
            begin, beside = start, False
            if known < count and starts[known] < start:
                begin, beside = starts[known], True
            begin += shift
            shift += length - (end - start)
            index += 1
            while True:  # with what is so near that they share a number
                while known < count and starts[known] <= end + 1:
                    if ends[known] > end:
                        end, beside = ends[known], True
                    known += 1
                if index == len(made) or made[index][0] > end + 1:
                    break
                start, stop, length = made[index]
                end, beside = max(end, stop), True
                shift += length - (stop - start)
                index += 1
            if beside or not worded:
                self._scan(text, begin, end + shift)
        if known < count:
            self._keep(starts[known:], ends[known:], shift)
            self.following += following[known:]
            self.preceding += preceding[known:]
        self._summarise()

    def _keep(self, starts: list[int], ends: list[int], shift: int) -> None:
        """What stays as it was, so much further on."""
        if shift:
            self.starts += [at + shift for at in starts]
            self.ends += [at + shift for at in ends]
        else:
            self.starts += starts
            self.ends += ends
