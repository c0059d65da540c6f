"""Does a server that is asked for twice what it can do stay as it is?

The toolkit's server runs in its own process around the engine double. Twice as many callers as it
has slots and places in its queue ask without pause, each time on another route: most listen to the
end, others cancel, leave, vanish or send what is wrong. Once a second its memory, file descriptors
and asyncio tasks are read from `/metrics`. Nothing may rise from then on when all have settled, and
when the callers have gone everything but memory has to be what it was before they came.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import socket
import struct
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.engine_double import REAL_TIME
from benchmarks.routes import (
    POSTS,
    SOCKETS,
    Message,
    PostRoute,
    Route,
    SocketRoute,
    audio_of,
    error_code,
)
from benchmarks.server_process import ServerProcess, serving
from benchmarks.ws_endpoint import TURNED_AWAY

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

RATE = 4 * REAL_TIME
"""Tokens a second of a stream: more changes of callers in the same time."""

SECONDS = 2.0
"""Of audio in a sentence's answer."""

HANGS_S = 60.0
"""What takes longer than this never ends."""

SETTLED = 1 / 3
"""Of the samples, left out: pools, caches and the allocator are filled by then."""

TEXTS = ("Hello.", "It rains. It snows.", "1,250 people came on 3 March. Why?", "Well… no!")

MANNERS = {"listens": 10, "cancels": 3, "leaves": 2, "vanishes": 2, "errs": 2}
"""What a caller does, and how often. One that leaves closes its connection in the middle of the
answer, one that vanishes resets it."""

MISTAKES = ("{", "[]", '{"type": 7, "text": 7, "context_id": "a"}', b"\x00")

EXPECTED = ("spoken", "cancelled", "left", "told", "refused")
"""What may become of a request. told: what was wrong with it."""


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


MIB = float(1 << 20)

GAUGES = (
    Gauge("memory (MiB)", "process_resident_memory_bytes", 8 * MIB, 0.02, settles=False),
    Gauge("file descriptors", "process_open_fds", 4, 0.15),
    Gauge("tasks", "tts_tasks", 12, 0.15),
)

IDLE = ("tts_active_streams", "tts_queued_requests", "tts_sockets", "tts_backend_running")
"""Gauges that are 0 when nobody is there."""


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
    `folder`. Raises as `serving`."""
    log = folder / "soak-server.log"
    arguments = ["--codec", "null", "--rate", str(RATE), "--seconds", str(SECONDS)]
    arguments += ["--slots", str(slots), "--max-queued", str(slots), "--log-level", "warning"]
    with serving(arguments, log, module="benchmarks.host_server") as server:
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
        after = await self._idle()
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

    async def _idle(self) -> dict[str, float]:
        """The metrics when everything that was asked for has ended, or `HANGS_S` later."""
        limit, before = time.monotonic() + HANGS_S, dict[str, float]()
        while True:
            values = await self._metrics()
            at_rest = not any(values[name] for name in IDLE)
            if (at_rest and values == {**values, **before}) or time.monotonic() > limit:
                return values
            before = {gauge.name: values[gauge.name] for gauge in GAUGES if gauge.settles}
            await asyncio.sleep(0.5)

    async def _metrics(self) -> dict[str, float]:
        _, body, _ = await _exchange(self._server, b"GET /metrics HTTP/1.1\r\n")
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
        ask: Callable[[str, random.Random], Awaitable[str]]
        if isinstance(route, SocketRoute):
            ask = partial(self._on_socket, route)
        else:
            ask = partial(self._by_post, route)
        try:
            async with asyncio.timeout(HANGS_S):
                told = await ask(manner, draw)
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

    # Each gives one of `EXPECTED`, an error's code, or what else was wrong

    async def _by_post(self, route: PostRoute, manner: str, draw: random.Random) -> str:
        text = draw.choice(TEXTS)
        content = json.dumps(route.body(text)).encode()
        if manner == "errs":
            content = draw.choice((b"{", b"[]", b"{}", json.dumps(route.body("\a")).encode()))
        head = f"POST {route.path} HTTP/1.1\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(content)}\r\n"
        leaves = manner in ("cancels", "leaves", "vanishes")
        wanted = draw.randrange(20_000) if leaves else None
        status, body, whole = await _exchange(
            self._server, head.encode(), content, wanted, manner == "vanishes"
        )
        if status == 200 and not leaves:
            return "spoken" if whole and body else "cut"
        if status in (0, 200):
            return "left"
        if status == 400 and manner == "errs":
            return "told"
        return error_code(json.loads(body)) or f"status {status}"

    async def _on_socket(self, route: SocketRoute, manner: str, draw: random.Random) -> str:
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosed, InvalidStatus

        address = self._server.base.replace("http", "ws", 1) + route.path
        try:
            async with connect(address, max_size=None, compression=None, proxy=None) as peer:
                try:
                    return await self._talk(peer, route, manner, draw)
                except ConnectionClosed as closed:
                    # What ended it was told before, unless it just ended.
                    return closed.rcvd.reason if closed.rcvd is not None else "cut"
        except InvalidStatus as refused:
            return error_code(json.loads(refused.response.body or b"{}")) or "refused in no words"

    async def _talk(
        self, peer: ClientConnection, route: SocketRoute, manner: str, draw: random.Random
    ) -> str:
        if manner == "errs":
            await peer.send(draw.choice(MISTAKES))
            async for message in _messages(peer):
                if not isinstance(message, bytes) and error_code(message):
                    return "told"
            return "told nothing"
        for message in route.text(*draw.choice(TEXTS).partition(" ")):
            await peer.send(json.dumps(message))
        audio, until = 0, draw.randrange(20_000)
        async for heard in _messages(peer):
            audio += len(audio_of(heard))
            if isinstance(heard, dict):
                if code := error_code(heard):
                    return code
                if route.over(heard):
                    return _ended(manner, audio)
            if manner in ("listens", "cancelled") or audio <= until:
                continue
            if manner != "cancels" or not route.stop:
                if manner == "vanishes":
                    _reset(peer.transport.get_extra_info("socket"))
                    peer.transport.abort()
                return "left"
            await peer.send(json.dumps(route.stop[-1]))  # its text has ended
            manner = "cancelled"
        return "cut"


def _ended(manner: str, audio: int) -> str:
    if manner == "cancelled":
        return "cancelled"
    return "spoken" if audio else "silent"


async def _messages(peer: ClientConnection) -> AsyncIterator[Message | bytes]:
    """Raises ConnectionClosed at the end, however good it is."""
    while True:
        message = await peer.recv()
        yield message if isinstance(message, bytes) else json.loads(message)


def _reset(tcp: socket.socket) -> None:
    """What is closed from now on is reset."""
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def _exchange(
    server: ServerProcess,
    head: bytes,
    content: bytes = b"",
    wanted: int | None = None,
    reset: bool = False,
) -> tuple[int, bytes, bool]:
    """One request over HTTP on a connection of its own, and its answer: the status (0 for none),
    the body and whether it is whole. wanted: bytes after which to leave. reset: how."""
    host, port = server.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(head + b"Host: here\r\nConnection: close\r\n\r\n" + content)
        received = b""
        while wanted is None or len(received) < wanted:
            more = await reader.read(65536)
            if not more:
                break
            received += more
        else:
            if reset:
                _reset(writer.get_extra_info("socket"))
        status, body, whole = _answer(received)
        return status, body, whole
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _answer(received: bytes) -> tuple[int, bytes, bool]:
    """Of what came: as `_exchange`. A body in chunks is whole with its last one; the lengths stay
    in it."""
    head, _, body = received.partition(b"\r\n\r\n")
    if not body:
        return 0, b"", False
    status = int(head.split(maxsplit=2)[1])
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    if found is not None:
        return status, body, len(body) == int(found.group(1))
    return status, body, body.endswith(b"0\r\n\r\n")
