"""Whether a gauge of a server under load rises, or stays as it is once it has settled. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SETTLED = 1 / 3
"""Of the samples, left out: pools, caches and the allocator are filled by then."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """name: in `/metrics`. spare: what the line through its samples may rise by from when it has
    settled to the end, and share: the same as a part of its mean; the larger one counts.
    settles: it has to be what it was when nobody is there any more."""

    title: str
    name: str
    spare: float
    share: float
    settles: bool = True


@dataclass(frozen=True, slots=True)
class Trend:
    """Of one gauge. rise: of the line through its samples since it has settled. objection: why it
    is not flat."""

    title: str
    before: float
    mean: float
    highest: float
    rise: float
    allowed: float
    after: float
    objection: str | None


def trend(
    gauge: Gauge, samples: Sequence[tuple[float, float]], before: float, after: float
) -> Trend:
    """samples: (seconds, value) under load. before, after: with nobody there."""
    settled = np.array(samples[int(SETTLED * len(samples)) :])
    times, values = settled[:, 0], settled[:, 1]
    slope = float(np.polyfit(times, values, 1)[0]) if len(settled) > 2 else 0.0
    rise, mean = slope * float(times[-1] - times[0]), float(values.mean())
    allowed = max(gauge.spare, gauge.share * mean)
    objection = None
    if rise > allowed:
        objection = "rises"
    elif gauge.settles and after > before:
        objection = "does not come back"
    return Trend(gauge.title, before, mean, float(values.max()), rise, allowed, after, objection)
