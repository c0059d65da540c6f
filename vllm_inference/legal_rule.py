"""Which ids each position of the output may hold, as a request carries it to the engine. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KEY = "legal_slots"
"""In SamplingParams.extra_args, where the logits processors find the rule."""

Ranges = tuple[tuple[int, int], ...]
"""Legal ids of one position, as [start, stop) pairs."""


@dataclass(frozen=True, slots=True)
class LegalRule:
    """prefix: of the first positions, one each (Spark's global ids; Orpheus has none). cycle: of
    the positions after them, in turn (Orpheus: the 7 slots of a frame)."""

    prefix: tuple[Ranges, ...]
    cycle: tuple[Ranges, ...]

    def to_extra_args(self) -> dict[str, dict[str, list[list[list[int]]]]]:
        """What SamplingParams.extra_args holds of it: dicts, lists and ints only, since the request
        is encoded on its way to the engine's process."""
        return {KEY: {"prefix": _lists(self.prefix), "cycle": _lists(self.cycle)}}

    @classmethod
    def from_extra_args(cls, extra_args: Mapping[str, Any] | None) -> LegalRule | None:
        """None for a request without a rule. Raises ValueError for a malformed one."""
        rule = (extra_args or {}).get(KEY)
        if rule is None:
            return None
        try:
            found = cls(_positions(rule["prefix"]), _positions(rule["cycle"]))
        except (KeyError, TypeError, ValueError):
            found = None
        if found is None or not found.cycle:
            raise ValueError(
                f"{KEY} must hold [start, stop) pairs of ids for each position of its 'prefix', "
                "which may be empty, and of its 'cycle', which may not"
            )
        return found


def _lists(positions: Sequence[Ranges]) -> list[list[list[int]]]:
    return [[list(pair) for pair in ranges] for ranges in positions]


def _positions(lists: Any) -> tuple[Ranges, ...]:
    """Raises TypeError or ValueError for anything that `_lists` does not make."""
    positions = tuple(tuple((start, stop) for start, stop in ranges) for ranges in lists)
    if not all(ranges and all(map(_holds_ids, ranges)) for ranges in positions):
        raise ValueError
    return positions


def _holds_ids(pair: tuple[Any, Any]) -> bool:
    return all(type(end) is int for end in pair) and 0 <= pair[0] < pair[1]
