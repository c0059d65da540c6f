"""Does a server get slower (or faster) while it runs? First half against second half. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CHANGE_LIMIT = 0.10
"""Relative change of the median above which a run has drifted."""

CHANCE_LIMIT = 0.05
"""Probability of so large a difference between two halves that do not differ, below which it is
not put down to chance."""

_SHUFFLES = 10_000


@dataclass(frozen=True, slots=True)
class Drift:
    """first, second: medians of the halves. change: relative, positive is growth. p: two-sided
    permutation test of the difference of medians. drifted: large *and* not chance."""

    first: float
    second: float
    change: float
    p: float
    drifted: bool


def drift(values: Sequence[float]) -> Drift | None:
    """Compare the halves of a series in time order (an odd middle value is left out).

    None for fewer than four values: a half of one has no spread to judge by.
    """
    half = len(values) // 2
    if half < 2:
        return None
    series = np.asarray(values, dtype=np.float64)
    halves = np.concatenate([series[:half], series[-half:]])
    first, second = float(np.median(halves[:half])), float(np.median(halves[half:]))
    shuffled = np.random.default_rng(0).permuted(np.tile(halves, (_SHUFFLES, 1)), axis=1)
    differences = np.median(shuffled[:, half:], axis=1) - np.median(shuffled[:, :half], axis=1)
    # The observed order is one of the shuffles; without it p could be 0.
    as_large = int(np.sum(np.abs(differences) >= abs(second - first) - 1e-12))
    p = (as_large + 1) / (_SHUFFLES + 1)
    change = (second - first) / first if first else 0.0
    return Drift(first, second, change, p, abs(change) > CHANGE_LIMIT and p < CHANCE_LIMIT)
