"""What the server adds to a chunk on its way from the synthesizer to the client, by protocol.

One client, one machine, one run: N callers speak each protocol to the toolkit's server around the
engine double and a codec whose chunks end in the moment they were decoded (`stamps.py`), and then
to uvicorn alone (`bare_server.py`), which sends frames of the same size at the same pace. The
client's own time is in both, and so is what else the machine does: the ratio says what is ours.
Then each protocol is asked for as many real-time streams as it holds, as in `overhead.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.doubles.stamps import latencies
from benchmarks.host.bare_server import FRAME, FRAME_S
from benchmarks.host.overhead import Level, level_of, measured_run, retried, search, serving_host
from benchmarks.host.overhead import streams_held as in_words
from benchmarks.listener.exchange import Endpoint, Exchange
from benchmarks.load.loops import Seen
from benchmarks.load.protocol_endpoints import endpoint_of
from benchmarks.load.server_process import ServerProcess, serving
from benchmarks.load.session import Session
from benchmarks.load.suites import closed
from benchmarks.runs.distribution import Distribution

EACH = 2
"""Judged answers of a caller."""

BARE = {"ws_tts": "bare WebSocket", "openai": "bare HTTP"}
"""What uvicorn alone is asked by, in the words of which protocol."""


@dataclass(frozen=True, slots=True)
class Added:
    """By one protocol at `streams` callers. chunks: how many were measured. cpu: the server's CPU
    seconds per second of audio. objection: why the client could not be believed."""

    name: str
    streams: int
    chunks: int
    p50_ms: float | None
    p99_ms: float | None
    cpu: float | None
    faults: int
    objection: str | None


@dataclass(frozen=True, slots=True)
class ProtocolOverhead:
    """folder: run logs and servers' logs. seconds: of an answer. streams: at which latency is
    measured. limit: of streams, where those held are searched."""

    folder: Path
    session: Session
    seconds: float
    streams: int
    limit: int
    progress: Callable[[str], None] = lambda text: None

    @property
    def samples(self) -> int:
        return FRAME * max(1, round(self.seconds / FRAME_S))

    async def added(self, protocols: Sequence[str]) -> list[Added]:
        """uvicorn alone first, then the protocols in order."""
        found = []
        arguments = ["--seconds", str(self.seconds)]
        log = self.folder / "server-bare.log"
        with serving(arguments, log, module="benchmarks.host.bare_server") as process:
            for protocol, name in BARE.items():
                found.append(await self._added(process, protocol, name))
        with self._server("stamped") as process:
            for protocol in protocols:
                found.append(await self._added(process, protocol, protocol))
        return found

    async def held(self, protocols: Sequence[str]) -> dict[str, list[Level]]:
        """The levels of each one's search."""
        found = {}
        with self._server("null") as process:
            for protocol in protocols:

                async def once(streams: int, protocol: str = protocol) -> Level:
                    endpoint = self._endpoint(process, protocol)
                    level, _ = await self._level(process, endpoint, protocol, streams)
                    held = "held" if level.held else f"not held: {'; '.join(level.short)}"
                    self.progress(f"{protocol}: {streams} streams {held}")
                    return level

                first = min(self.streams, self.limit)
                found[protocol] = await search(retried(once), self.limit, first)
        return found

    @contextmanager
    def _server(self, codec: str) -> Iterator[ServerProcess]:
        most = max(self.streams, self.limit)
        more = ["--max-sockets", str(2 * most), "--measure-s", "0"]
        log = self.folder / f"server-{codec}.log"
        with serving_host(codec, self.seconds, most, log, more) as (process, _):
            yield process

    def _endpoint(self, process: ServerProcess, protocol: str) -> Endpoint:
        timeout = max(60.0, 10 * self.seconds)
        return endpoint_of(protocol, process.base, self.samples, timeout)

    async def _added(self, process: ServerProcess, protocol: str, name: str) -> Added:
        endpoint = self._endpoint(process, protocol)
        level, exchanges = await self._level(process, endpoint, name, self.streams)
        times = Distribution.of(
            late
            for exchange in exchanges
            if exchange.error is None
            for late in latencies(exchange.messages)
        )
        found = Added(
            name=name,
            streams=self.streams,
            chunks=times.n if times else 0,
            p50_ms=1000 * times.p50 if times else None,
            p99_ms=1000 * times.p99 if times else None,
            cpu=level.cpu,
            faults=level.faults,
            objection=level.objection,
        )
        self.progress(table([found]))
        return found

    async def _level(
        self, process: ServerProcess, endpoint: Endpoint, name: str, streams: int
    ) -> tuple[Level, Sequence[Exchange]]:
        """And all its exchanges: stamps are looked for when nothing is measured any more."""
        plain = closed("en", None, streams, EACH, stagger=self.seconds, one_sentence=True)
        exchanges: list[Exchange] = []

        async def drive(endpoint: Endpoint, seen: Seen) -> Sequence[Exchange]:
            exchanges.extend(await plain.drive(endpoint, seen))
            return exchanges

        path = self.folder / f"{name.replace(' ', '-')}-{streams:04}.jsonl"
        suite = replace(plain, drive=drive)
        measured = await measured_run(process, endpoint, self.session, suite, path)
        return level_of(name, streams, *measured), exchanges


def bare_of(protocol: str) -> str:
    return BARE["openai" if protocol == "openai" else "ws_tts"]


def table(rows: Sequence[Added]) -> str:
    """Beside each protocol its ratio to uvicorn alone, where that is among the rows."""
    alone = {row.name: row for row in rows}
    lines = [
        f"{'':16}{'streams':>8}{'chunks':>8}{'added p50':>11}{'p99':>11}{'ratio p50':>11}"
        f"{'p99':>7}{'CPU ms per stream-s':>21}"
    ]
    for row in rows:
        bare = alone.get(bare_of(row.name)) if row.name not in BARE.values() else None
        line = f"{row.name:16}{row.streams:>8}{row.chunks:>8}"
        line += f"{_ms(row.p50_ms):>11}{_ms(row.p99_ms):>11}"
        line += f"{_ratio(row.p50_ms, bare.p50_ms if bare else None):>11}"
        line += f"{_ratio(row.p99_ms, bare.p99_ms if bare else None):>7}"
        line += f"{'–' if row.cpu is None else f'{1000 * row.cpu:.1f}':>21}"
        line += f"  {row.faults} faults;" if row.faults else ""
        line += f"  {row.objection};" if row.objection else ""
        lines.append(line.rstrip(";"))
    return "\n".join(lines)


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} ms"


def _ratio(value: float | None, bare: float | None) -> str:
    return "–" if value is None or not bare else f"{value / bare:.1f}"


def results(rows: Sequence[Added], held: dict[str, list[Level]]) -> dict[str, object]:
    """JSON-ready."""
    return {
        "added": [asdict(row) for row in rows],
        "streams_held": {protocol: in_words(levels) for protocol, levels in held.items()},
        "levels": {protocol: [asdict(one) for one in levels] for protocol, levels in held.items()},
    }
