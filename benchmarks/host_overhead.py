"""How many real-time streams the host can carry if the GPU costs nothing, and what each costs it.

The toolkit's server runs in its own process around the engine double. N callers ask without pause
for ten seconds of audio each; N is doubled until a level fails, and then the interval is halved. A
level holds when every answer is whole and at least 99 % of its streams never fall silent for more
than 100 ms in all (C100, no prebuffer); one that fails is tried once more. The measuring client
shares the machine's cores; `client_cpu` says how much it took. CPU time per stream-second hardly
depends on what else the machine is doing; N does.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time

from benchmarks.run_logger import JsonlLogger, RunLoggers
from benchmarks.runlog import Summary
from benchmarks.server_process import ServerProcess, process_cpu, serving
from benchmarks.session import Session
from benchmarks.suites import closed
from benchmarks.ws_endpoint import WebSocketEndpoint

HELD = 0.99
"""Share of streams that have to be continuous (C100)."""


@dataclass(frozen=True, slots=True)
class Level:
    """One number of streams. cpu, client_cpu: CPU seconds per second of audio delivered, of the
    server and of the client. objection: why the client could not be believed, if so."""

    codec: str
    streams: int
    held: bool
    c100: float | None
    c50: float | None
    ttfa_p50_ms: float | None
    ttfa_p99_ms: float | None
    stream_rtf_p99: float | None
    faults: int
    cpu: float
    client_cpu: float
    objection: str | None


Try = Callable[[int], Awaitable[Level]]


async def search(attempt: Try, limit: int) -> list[Level]:
    """Levels in the order they were tried, which ends with the largest that holds known to within
    an eighth: doubling from 1, then halving the interval between held and failed."""
    levels = [await attempt(1)]
    while levels[-1].held and levels[-1].streams < limit:
        levels.append(await attempt(min(2 * levels[-1].streams, limit)))
    low, high = largest_held(levels), levels[-1].streams
    while high - low > max(1, low // 8):
        middle = (low + high) // 2
        levels.append(await attempt(middle))
        if levels[-1].held:
            low = middle
        else:
            high = middle
    return levels


def largest_held(levels: Sequence[Level]) -> int:
    """0 when not even one stream was held."""
    return max((level.streams for level in levels if level.held), default=0)


async def host_overhead(
    codec: str,
    folder: Path,
    session: Session,
    limit: int,
    seconds: float = 10.0,
    rate: float | None = None,
    progress: Callable[[Level], None] = lambda level: None,
    more: Sequence[str] = (),
    ready_within: float = 300.0,
    alone: int = 2,
) -> list[Level]:
    """Start the server with that codec and search. Each level's run log is kept in `folder`.

    more: further flags of `benchmarks.host_server`. ready_within: seconds it may take to start.
    alone: answers of the one-caller level; other levels have two for each caller.

    Raises BackendError when the server does not start.
    """
    arguments = ["--codec", codec, "--seconds", str(seconds), "--log-level", "warning"]
    arguments += ["--slots", str(limit), "--max-sockets", str(2 * limit)]
    if rate is not None:
        arguments += ["--rate", str(rate)]
    with serving([*arguments, *more], ready_within, "benchmarks.host_server") as process:
        return await _search_server(
            process, codec, folder, session, limit, seconds, alone, progress
        )


async def _search_server(
    process: ServerProcess,
    codec: str,
    folder: Path,
    session: Session,
    limit: int,
    seconds: float,
    alone: int,
    progress: Callable[[Level], None],
) -> list[Level]:
    endpoint = WebSocketEndpoint(process.socket_url, timeout=max(60.0, 10 * seconds))

    async def attempt(streams: int) -> Level:
        """The better of two, where the first fails: at few streams one hiccup of the machine would
        otherwise end the search."""
        level = await once(streams)
        return level if level.held else await once(streams)

    async def once(streams: int) -> Level:
        # Two answers each, started over one answer's length: no two streams move in step.
        requests = alone if streams == 1 else 2 * streams
        suite = closed("en", None, streams, requests, stagger=seconds)
        before, own = process_cpu(process.pid), process_time()
        with RunLoggers([JsonlLogger(folder / f"host-{codec}-{streams:04}.jsonl")]) as loggers:
            summary = await session.run(suite, endpoint, loggers)
        used, mine = process_cpu(process.pid) - before, process_time() - own
        level = _level(codec, streams, summary, used, mine)
        progress(level)
        return level

    return await search(attempt, limit)


def _level(codec: str, streams: int, summary: Summary, cpu: float, client_cpu: float) -> Level:
    found = summary.distributions
    ttfa, rtf = found.get("ttfa_ms"), found.get("stream_rtf")
    continuity = summary.continuity[0]
    faults = sum(summary.faults.values())
    audio = summary.audio_s
    return Level(
        codec=codec,
        streams=streams,
        held=faults == 0 and continuity.c100 is not None and continuity.c100 >= HELD,
        c100=continuity.c100,
        c50=continuity.c50,
        ttfa_p50_ms=ttfa.p50 if ttfa else None,
        ttfa_p99_ms=ttfa.p99 if ttfa else None,
        stream_rtf_p99=rtf.p99 if rtf else None,
        faults=faults,
        cpu=cpu / audio if audio else float("inf"),
        client_cpu=client_cpu / audio if audio else float("inf"),
        objection=summary.objection,
    )


def table(levels: Sequence[Level]) -> str:
    """Codecs one after another, levels ascending."""
    lines = [
        f"{'codec':<8}{'streams':>8}{'held':>6}{'C100':>8}{'first audio p50/p99 ms':>24}"
        f"{'CPU ms per stream-s':>21}{'of client':>11}"
    ]
    for level in sorted(levels, key=lambda level: (level.codec, level.streams)):
        c100 = "–" if level.c100 is None else f"{level.c100:.1%}"
        p50, p99 = level.ttfa_p50_ms, level.ttfa_p99_ms
        first = "–" if p50 is None else f"{p50:.0f}/{p99:.0f}"
        lines.append(
            f"{level.codec:<8}{level.streams:>8}{'yes' if level.held else 'no':>6}{c100:>8}"
            f"{first:>24}{1000 * level.cpu:>21.1f}{1000 * level.client_cpu:>11.1f}"
            + ("  client late" if level.objection else "")
        )
    return "\n".join(lines)


def as_json(levels: Sequence[Level], environment: dict[str, object]) -> str:
    """One line: the result of each codec, every level, and what they were measured on."""
    codecs = dict.fromkeys(level.codec for level in levels)
    held = {
        codec: largest_held([level for level in levels if level.codec == codec]) for codec in codecs
    }
    return json.dumps(
        {"streams_held": held, "levels": [asdict(level) for level in levels], **environment}
    )
