"""Which request sits in which row of vLLM's batch, followed through its updates. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class BatchRows(Generic[T]):
    """Rows in use and what is kept for each. Rows without an entry are requests of no interest.

    vLLM changes its batch between steps and reports it as rows removed, added and moved, to be
    taken in that order. An added or moved request replaces whatever the row held.
    """

    def __init__(self) -> None:
        self._rows: dict[int, T] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[int, T]]:
        return iter(self._rows.items())

    def update(
        self,
        removed: Iterable[int],
        added: Iterable[tuple[int, T | None]],
        moved: Iterable[tuple[int, int, bool]],
    ) -> None:
        """added: (row, entry or None for no interest). moved: (from, to, whether the two swap)."""
        for row in removed:
            self._rows.pop(row, None)
        for row, entry in added:
            self._put(row, entry)
        for source, target, swap in moved:
            leaving, arriving = self._rows.pop(target, None), self._rows.pop(source, None)
            self._put(target, arriving)
            if swap:
                self._put(source, leaving)

    def _put(self, row: int, entry: T | None) -> None:
        if entry is None:
            self._rows.pop(row, None)
        else:
            self._rows[row] = entry
