"""What was replaced in a text, and the way back from any span of the result. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence


class Changes:
    """Replacements that were made in one pass, in order and apart from one another.

    Both methods never decrease: spans that follow one another come from spans that do.
    """

    __slots__ = ("_new_ends", "_new_starts", "_old_ends", "_old_starts", "_replacements")

    def __init__(self, replacements: Sequence[tuple[int, int, int]]) -> None:
        """replacements: (start, end, length): what of the old text, and how long it is now."""
        self._replacements = replacements

    def _place(self) -> None:
        """Once somebody asks: few do."""
        self._old_starts: list[int] = []
        self._old_ends: list[int] = []
        self._new_starts: list[int] = []
        self._new_ends: list[int] = []
        shift = 0
        for start, end, length in self._replacements:
            self._old_starts.append(start)
            self._old_ends.append(end)
            self._new_starts.append(start + shift)
            self._new_ends.append(start + shift + length)
            shift += length - (end - start)
        self._replacements = ()

    def start_before(self, position: int) -> int:
        """Where in the old text that began which begins there in the new one."""
        if self._replacements:
            self._place()
        index = bisect_right(self._new_starts, position) - 1
        if index < 0:
            return position
        if position < self._new_ends[index]:
            return self._old_starts[index]
        return self._old_ends[index] + position - self._new_ends[index]

    def end_before(self, position: int) -> int:
        """Where in the old text that ended which ends there in the new one."""
        if self._replacements:
            self._place()
        index = bisect_left(self._new_starts, position) - 1
        if index < 0:
            return position
        if position <= self._new_ends[index]:
            return self._old_ends[index]
        return self._old_ends[index] + position - self._new_ends[index]

    def after(self, position: int) -> int:
        """Where a position of the old text is in the new one; the end of what replaced it."""
        if self._replacements:
            self._place()
        index = bisect_left(self._old_starts, position) - 1
        if index < 0:
            return position
        if position < self._old_ends[index]:
            return self._new_ends[index]
        return self._new_ends[index] + position - self._old_ends[index]
