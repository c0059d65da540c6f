"""Where the numbers of a text are, kept while the text changes around them. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence, Set
from itertools import accumulate, compress
from operator import add

_VULGAR = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞↉"
_FRACTION = re.compile(f"[{_VULGAR}]")
_BEHIND = r"(?=( .|[.,]\d?|.)?)"
_DIGITS = re.compile(rf"([0-9]+){_BEHIND}", re.DOTALL)
_DIGITS_OR_FRACTIONS = re.compile(rf"([0-9{_VULGAR}]+){_BEHIND}", re.DOTALL)
_BETWEEN = " -−.,'"
"""What may stand between a number and the word or sign before it: not more than four of them."""


class Numbers:
    """Of each run of digits, or vulgar fraction: where it starts, its length, and what follows it:
    the next character but for one space, "\\0" at the end of the text, or the fraction's own sign.
    A point or comma counts only in front of a digit; else it is the end of a clause, ". " or ", ".
    """

    __slots__ = ("_steps", "_text", "followed", "following", "lengths", "starts")

    def __init__(self, text: str) -> None:
        self._begin(text)
        self._scan(text, 0, len(text), 0)
        self._end()

    def _begin(self, text: str) -> None:
        self._text = text
        self._steps: list[int] = []
        """From where the number before starts, or the text, to where each one does."""
        self.lengths: list[int] = []
        self.following: list[str] = []

    def _end(self) -> None:
        self.starts = list(accumulate(self._steps))
        self.followed = frozenset(self.following)

    def followed_by(self, signs: Set[str], digits: int = 0) -> list[int]:
        """Where those start that one of the signs follows, or that are as long as `digits`, where
        that is not 0."""
        if not digits:
            return list(compress(self.starts, map(signs.__contains__, self.following)))
        rows = zip(self.starts, self.lengths, self.following, strict=True)
        return [start for start, length, sign in rows if sign in signs or length >= digits]

    def preceded_by(self, endings: Set[str]) -> list[int]:
        """Where those start before which the text ends so, but for spaces, minus signs and points;
        all endings are of one length."""
        text, size = self._text, len(next(iter(endings)))
        return [
            start
            for start in self.starts
            if text[start - 6 if start > 6 else 0 : start].rstrip(_BETWEEN)[-size:] in endings
        ]

    def _scan(self, text: str, start: int, end: int, last: int) -> int:
        """Those between, which follow all that are known; last: where the last known one starts.

        Gives where the last one starts now.
        """
        part = text[start : end + 2]
        fractions = not part.isascii() and _FRACTION.search(part) is not None
        parts = (_DIGITS_OR_FRACTIONS if fractions else _DIGITS).split(part)
        numbers = parts[1::3]
        if not numbers:
            return last
        lengths = list(map(len, numbers))
        steps = list(map(add, map(len, parts[0:-1:3]), [start - last, *lengths]))
        following = [
            "\0" if not beside or beside == " "
            else beside[1] if beside[0] == " "
            else beside[0] if beside not in ".,"
            else f"{beside} "
            for beside in parts[2::3]
        ]  # fmt: skip
        if fractions:
            for index, number in enumerate(numbers):
                if not number.isdecimal():
                    following[index] = number.lstrip("0123456789")[0]
        last += sum(steps)
        while steps and last >= end:
            last -= steps.pop()
        self._steps += steps
        self.lengths += lengths[: len(steps)]
        self.following += following[: len(steps)]
        return last

    def change(self, text: str, made: Sequence[tuple[int, int, int]], new: str) -> None:
        """made: start, end and new length of what was replaced in the old text; text: the new one;
        new: all that was put in, of which only its characters matter.

        Looks again only at what was replaced by numbers and at the numbers beside it.
        """
        starts, steps, lengths, following = self.starts, self._steps, self.lengths, self.following
        worded = _DIGITS_OR_FRACTIONS.search(new) is None
        self._begin(text)
        known = shift = last = index = 0
        count, pieces = len(starts), len(made)
        while index < pieces:
            start, end, length = made[index]
            first, known = known, bisect_left(starts, start, known)
            beside = False
            while known > first and starts[known - 1] + lengths[known - 1] + 1 >= start:
                known -= 1
                beside = True
            if first < known:
                self._steps.append(starts[first] + shift - last)
                self._steps += steps[first + 1 : known]
                self.lengths += lengths[first:known]
                self.following += following[first:known]
                last = starts[known - 1] + shift
            begin = (starts[known] if beside else start) + shift
            shift += length - (end - start)
            index += 1
            while True:  # with what is so near that they share a number
                while known < count and starts[known] <= end:
                    if starts[known] + lengths[known] > end:
                        end, beside = starts[known] + lengths[known], True
                    known += 1
                if index == pieces or made[index][0] > end + 1:
                    break
                start, stop, length = made[index]
                end, beside = max(end, stop), True
                shift += length - (stop - start)
                index += 1
            if beside or not worded:
                last = self._scan(text, begin, end + shift, last)
        if known < count:
            self._steps.append(starts[known] + shift - last)
            self._steps += steps[known + 1 :]
            self.lengths += lengths[known:]
            self.following += following[known:]
        self._end()
