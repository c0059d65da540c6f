"""What was replaced in a text, and the way back from any span of the result. Pure."""

from __future__ import annotations

from collections.abc import Sequence


class Changes:
    """Replacements that were made in one pass, in order and apart from one another.

    All methods take positions that never decrease, and give as many that don't.
    """

    __slots__ = ("_replacements",)

    def __init__(self, replacements: Sequence[tuple[int, int, int]]) -> None:
        """replacements: (start, end, length): what of the old text, and how long it is now."""
        self._replacements = replacements

    def starts_before(self, positions: Sequence[int]) -> list[int]:
        """Where in the old text that began which begins there in the new one."""
        found, shift = [], 0  # how much later what follows is in the new text
        rows = iter((*self._replacements, _NONE))
        start, end, length = next(rows)
        for position in positions:
            while start + shift + length <= position:
                shift += length - (end - start)
                start, end, length = next(rows)
            found.append(start if start + shift <= position else position - shift)
        return found

    def ends_before(self, positions: Sequence[int]) -> list[int]:
        """Where in the old text that ended which ends there in the new one."""
        found, shift = [], 0
        rows = iter((*self._replacements, _NONE))
        start, end, length = next(rows)
        for position in positions:
            while start + shift + length < position:
                shift += length - (end - start)
                start, end, length = next(rows)
            found.append(end if start + shift < position else position - shift)
        return found

    def after(self, positions: Sequence[int]) -> list[int]:
        """Where positions of the old text are in the new one; the end of what replaced them."""
        found, shift = [], 0
        rows = iter((*self._replacements, _NONE))
        start, end, length = next(rows)
        for position in positions:
            while start < position and end <= position:
                shift += length - (end - start)
                start, end, length = next(rows)
            found.append(start + shift + length if start < position else position + shift)
        return found


_NONE = (1 << 62, 1 << 62, 0)
"""Behind all there is."""
