"""Summary of a sample of numbers. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Distribution:
    """Percentiles interpolate linearly between order statistics. std is of the population."""

    n: int
    mean: float
    std: float
    min: float
    p50: float
    p90: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Distribution | None:
        """What is no finite number was not measured and is left out; None when nothing is left."""
        present = np.array([value for value in values if value is not None], dtype=np.float64)
        present = present[np.isfinite(present)]
        if present.size == 0:
            return None
        p50, p90, p95, p99 = np.percentile(present, (50, 90, 95, 99))
        return cls(
            n=int(present.size),
            mean=float(present.mean()),
            std=float(present.std()),
            min=float(present.min()),
            p50=float(p50),
            p90=float(p90),
            p95=float(p95),
            p99=float(p99),
            max=float(present.max()),
        )
