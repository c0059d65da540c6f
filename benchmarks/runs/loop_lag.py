"""How late the measuring client itself is. A client that is busy sees stalls that nobody heard."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

INTERVAL = 0.01
"""Seconds between two looks at the clock."""

P99_LIMIT = 0.010
"""Seconds. Above it, times of ten milliseconds mean nothing."""

MAX_LIMIT = 0.050
"""Seconds: the smallest underrun that is judged (C50). A client later than that may have made it up
itself."""


@dataclass(slots=True)
class LoopLag:
    """samples: (when, how many seconds late) of every look at the clock that was due, on
    `time.perf_counter`. A loop that stood still missed several, and each counts: one sample for
    a block, however long, would make a client that is often blocked look punctual."""

    samples: list[tuple[float, float]] = field(default_factory=list)

    def look(self, due: float, now: float, interval: float) -> float:
        """Record every look that was due by now, the first at `due`; when the next one is."""
        while due <= now:
            self.samples.append((now, now - due))
            due += interval
        return due

    def during(self, spans: Sequence[tuple[float, float]]) -> LoopLag:
        """The wake-ups whose delay fell into one of the spans (start, end), in part at least: what
        the client did while nothing was being measured has made no figure wrong."""
        return LoopLag(
            [
                (at, late)
                for at, late in self.samples
                if any(start <= at and at - late <= end for start, end in spans)
            ]
        )

    def objection(self) -> str | None:
        """Why the times of this run cannot be trusted, in one line; None when they can."""
        lags = [late for _, late in self.samples]
        if not lags:
            return "the client's lag was not measured"
        worst = max(lags)
        p99 = sorted(lags)[int(0.99 * (len(lags) - 1))]
        if p99 > P99_LIMIT:
            return (
                f"client too busy: 1 % of its wake-ups were more than {p99 * 1000:.0f} ms late "
                f"(limit {P99_LIMIT * 1000:.0f}); use fewer streams per client or a quieter machine"
            )
        if worst > MAX_LIMIT:
            return (
                f"client too busy: it was {worst * 1000:.0f} ms late once "
                f"(limit {MAX_LIMIT * 1000:.0f}); use fewer streams per client or a quieter machine"
            )
        return None


@asynccontextmanager
async def watch_lag() -> AsyncIterator[LoopLag]:
    """Measure the running event loop's lag for as long as the context is open."""
    lag = LoopLag()
    first = time.perf_counter() + INTERVAL

    async def look() -> None:
        due = first
        while True:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            due = lag.look(due, time.perf_counter(), INTERVAL)

    task = asyncio.create_task(look())
    try:
        yield lag
        await asyncio.sleep(2 * INTERVAL)  # a block just before the end must be seen too
    finally:
        task.cancel()
