"""Does a server that is asked for twice what it can do stay as it is?

The toolkit's server runs in its own process around the engine double. Twice as many callers as it
has slots and places in its queue ask without pause, each time on another route: most listen to the
end, others cancel, leave, vanish or send what is wrong. Once a second its memory, file descriptors
and asyncio tasks are read from `/metrics`. Nothing may rise from then on when all have settled, and
when the callers have gone everything but memory has to be what it was before they came.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.doubles.engine_double import REAL_TIME
from benchmarks.host.overhead import serving_host
from benchmarks.host.trend import Gauge, Trend, trend
from benchmarks.load.callers import EXPECTED, MANNERS, ask, exchange
from benchmarks.load.routes import POSTS, SOCKETS, Route
from benchmarks.load.server_process import ServerProcess
from benchmarks.load.ws_endpoint import TURNED_AWAY

RATE = 4 * REAL_TIME
"""Tokens a second of a stream: more changes of callers in the same time."""

SECONDS = 2.0
"""Of audio in a sentence's answer."""

HANGS_S = 60.0
"""What takes longer than this never ends."""

MIB = float(1 << 20)

GAUGES = (
    Gauge("memory (MiB)", "process_resident_memory_bytes", 8 * MIB, 0.02, settles=False),
    Gauge("file descriptors", "process_open_fds", 4, 0.15),
    Gauge("tasks", "tts_tasks", 12, 0.15),
)

IDLE = ("tts_active_streams", "tts_queued_requests", "tts_sockets", "tts_backend_running")
"""Gauges that are 0 when nobody is there."""


@dataclass
class Soak:
    """What happened. outcomes: by route. unexpected: what should not have, in words, with how
    often. complaints: lines of the server's log at ERROR."""

    minutes: float
    callers: int
    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    refused: Counter[str] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    trends: list[Trend] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    left_over: dict[str, float] = field(default_factory=dict)

    def objections(self) -> list[str]:
        """Why the verdict is not "flat"."""
        found = [f"{one.title}: {one.objection}" for one in self.trends if one.objection]
        found += [
            f"{name} is {value:g} with nobody there" for name, value in self.left_over.items()
        ]
        found += [f"{count} × {what}" for what, count in self.unexpected.most_common()]
        found += [f"the server's log: {line}" for line in self.complaints[:3]]
        return found + [
            f"{name}: nothing was spoken"
            for name, counts in self.outcomes.items()
            if not counts["spoken"]
        ]

    def results(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "minutes": self.minutes,
            "callers": self.callers,
            "outcomes": {name: dict(counts) for name, counts in self.outcomes.items()},
            "refused": dict(self.refused),
            "trends": [asdict(one) for one in self.trends],
            "objections": self.objections(),
        }


def table(soak: Soak) -> str:
    lines = [f"{'route':<24}" + "".join(f"{name:>11}" for name in EXPECTED)]
    for name, counts in soak.outcomes.items():
        lines.append(f"{name:<24}" + "".join(f"{counts[what]:>11}" for what in EXPECTED))
    said = ", ".join(f"{count} {code}" for code, count in soak.refused.most_common())
    lines += [f"refused: {said or 'nothing'}", ""]
    heads = ("before", "mean", "highest", "rise", "allowed", "after")
    lines.append(f"{'':<18}" + "".join(f"{head:>10}" for head in heads))
    for one in soak.trends:
        unit = MIB if "MiB" in one.title else 1.0
        values = (one.before, one.mean, one.highest, one.rise, one.allowed, one.after)
        row = "".join(f"{value / unit:>10.1f}" for value in values)
        lines.append(f"{one.title:<18}{row}  {one.objection or 'flat'}")
    return "\n".join(lines)


async def soak(
    minutes: float,
    slots: int,
    seed: int,
    folder: Path,
    progress: Callable[[str], None] = lambda line: None,
) -> Soak:
    """Start the server, and put it under twice the load it is made for. Its log is kept in
    `folder`. Raises as `serving_host`."""
    log = folder / "soak-server.log"
    more = ["--rate", str(RATE), "--max-queued", str(slots)]
    with serving_host("null", SECONDS, slots, log, more) as (server, _):
        found = await Load(server, 4 * slots, seed, progress).run(60 * minutes)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    found.complaints = [line for line in lines if "ERROR" in line or "Traceback" in line]
    return found


class Load:
    """callers: how many ask at once."""

    def __init__(
        self, server: ServerProcess, callers: int, seed: int, progress: Callable[[str], None]
    ) -> None:
        self._server = server
        self._callers = callers
        self._seed = seed
        self._progress = progress
        self._ends = 0.0
        self._found = Soak(0.0, callers)

    async def run(self, seconds: float) -> Soak:
        found = self._found
        found.minutes = seconds / 60
        for route in (*SOCKETS, *POSTS):  # what is loaded once is loaded before it is measured
            await self._ask(route, "listens", random.Random(self._seed))
        before = await self._idle()
        self._ends = time.monotonic() + seconds
        callers = [asyncio.create_task(self._call(n)) for n in range(self._callers)]
        samples = await self._sample(seconds)
        await asyncio.gather(*callers)
        after = await self._idle(before)
        found.left_over = {name: after[name] for name in IDLE if after[name]}
        found.trends = [
            trend(gauge, samples[gauge.name], before[gauge.name], after[gauge.name])
            for gauge in GAUGES
        ]
        return found

    async def _sample(self, seconds: float) -> dict[str, list[tuple[float, float]]]:
        samples: dict[str, list[tuple[float, float]]] = defaultdict(list)
        began, said = time.monotonic(), 0.0
        while (now := time.monotonic()) < self._ends:
            values = await self._metrics()
            for gauge in GAUGES:
                samples[gauge.name].append((now - began, values[gauge.name]))
            if now - began >= said:
                said += max(10.0, seconds / 20)
                self._progress(
                    f"{now - began:5.0f} s: "
                    f"{values['process_resident_memory_bytes'] / MIB:.0f} MiB, "
                    f"{values['process_open_fds']:.0f} descriptors, {values['tts_tasks']:.0f} tasks"
                )
            await asyncio.sleep(1.0)
        return samples

    async def _idle(self, was: Mapping[str, float] | None = None) -> dict[str, float]:
        """The metrics when everything that was asked for has ended and what settles is no more than
        it was (where that is known, else no other than half a second ago), or `HANGS_S` later: a
        busy machine closes connections late."""
        limit, last = time.monotonic() + HANGS_S, dict[str, float]()
        while True:
            values = await self._metrics()
            settling = {gauge.name: values[gauge.name] for gauge in GAUGES if gauge.settles}
            same = all(n <= was[name] for name, n in settling.items()) if was else settling == last
            at_rest = same and not any(values[name] for name in IDLE)
            if at_rest or time.monotonic() > limit:
                return values
            last = settling
            await asyncio.sleep(0.5)

    async def _metrics(self) -> dict[str, float]:
        _, body, _ = await exchange(self._server, b"GET /metrics HTTP/1.1\r\n")
        found = re.findall(r"^(\w+) (\S+)$", body.decode(), re.MULTILINE)
        return {name: float(value) for name, value in found}

    async def _call(self, number: int) -> None:
        draw = random.Random(f"{self._seed}/{number}")
        while time.monotonic() < self._ends:
            route = draw.choice((*SOCKETS, *POSTS))
            (manner,) = draw.choices(tuple(MANNERS), tuple(MANNERS.values()))
            if await self._ask(route, manner, draw) == "refused":
                await asyncio.sleep(draw.uniform(0.1, 0.5))

    async def _ask(self, route: Route, manner: str, draw: random.Random) -> str:
        try:
            async with asyncio.timeout(HANGS_S):
                told = await ask(self._server, route, manner, draw)
        except TimeoutError:
            told = "hung"
        except OSError as error:
            told = f"{type(error).__name__}: {error}"
        outcome = "refused" if told in TURNED_AWAY else told
        self._found.outcomes[route.name][outcome] += 1
        if outcome == "refused":
            self._found.refused[told] += 1
        elif outcome not in EXPECTED:
            self._found.unexpected[f"{route.name}, who {manner}: {outcome}"] += 1
        return outcome
