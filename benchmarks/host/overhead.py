"""How many real-time streams the host can carry if the GPU costs nothing, and what each costs it.

The toolkit's server runs in its own process around the engine double. N callers ask without pause
for answers of one length; N is doubled until a level is not held, and then the interval is halved.
A level is held when its run counts as N real-time streams: `summary.shortfalls`, which also wants N
under way at once. One that is not held is tried once more. The measuring client shares the
machine's cores; `client_cpu` says how much it took. A level at which the client itself was late has
no result, and a search that it ends found "at least" the level below. CPU time per stream-second
hardly depends on what else the machine is doing; N does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time

from benchmarks.listener.exchange import Endpoint
from benchmarks.load.server_process import ServerProcess, process_cpu, serving
from benchmarks.load.session import Session
from benchmarks.load.suites import Suite, closed
from benchmarks.load.ws_endpoint import WebSocketEndpoint
from benchmarks.runs.run_logger import JsonlLogger, RunLoggers
from benchmarks.runs.runlog import Summary
from benchmarks.runs.summary import TTFA_LIMIT_MS, shortfalls

SERVER = "benchmarks.host.server"
"""The module that is run, and what a run's log says of it."""

EACH = 2
"""Judged answers of a caller, but for the one-caller level."""


@dataclass(frozen=True, slots=True)
class Level:
    """One number of streams. short: what kept it from being held, empty when it is. objection: why
    the client could not be believed; such a level is neither held nor failed. at_once: streams
    under way on average. cpu, client_cpu: CPU seconds per second of audio delivered, of the server
    and of the client; None without audio."""

    codec: str
    streams: int
    held: bool
    at_once: float
    c100: float | None
    c50: float | None
    ttfa_p50_ms: float | None
    ttfa_p99_ms: float | None
    stream_rtf_p99: float | None
    faults: int
    cpu: float | None
    client_cpu: float | None
    objection: str | None = None
    short: tuple[str, ...] = ()


Try = Callable[[int], Awaitable[Level]]


async def search(attempt: Try, limit: int, first: int = 1) -> list[Level]:
    """Levels in the order they were tried, which ends with the largest that holds known to within
    an eighth: doubling from `first`, then halving the interval between held and not held."""
    levels = [await attempt(min(first, limit))]
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


def retried(once: Try) -> Try:
    """The better of two, where the first is not held: at few streams one hiccup of the machine
    would otherwise end the search. Any result is better than a late client's."""

    async def attempt(streams: int) -> Level:
        level = await once(streams)
        if level.held:
            return level
        again = await once(streams)
        return again if again.held or level.objection else level

    return attempt


def remembered(once: Try, known: Sequence[Level], keep: Callable[[Level], None]) -> Try:
    """What an earlier search found is not tried again, and what this one finds is kept at once."""
    found = {level.streams: level for level in known}

    async def attempt(streams: int) -> Level:
        if streams not in found:
            found[streams] = await once(streams)
            keep(found[streams])
        return found[streams]

    return attempt


def largest_held(levels: Sequence[Level]) -> int:
    """0 when not even one stream was held."""
    return max((level.streams for level in levels if level.held), default=0)


def client_limit(levels: Sequence[Level]) -> str | None:
    """Why the largest level held is only a lower bound: what was wrong with the client at the next
    level above it. None when the server failed there, or nothing above was tried."""
    held = largest_held(levels)
    above = [level for level in levels if level.streams > held]
    return min(above, key=lambda level: level.streams).objection if above else None


def streams_held(levels: Sequence[Level]) -> str:
    """In words: "64", or "at least 64 (client limit reached: …)"."""
    held, limit = largest_held(levels), client_limit(levels)
    return f"{held}" if limit is None else f"at least {held} (client limit reached: {limit})"


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
    alone: int = EACH,
    first: int = 1,
    known: Sequence[Level] = (),
    keep: Callable[[Level], None] = lambda level: None,
    forgiven: Collection[str] = (),
) -> list[Level]:
    """Start the server with that codec and search from `first` up to `limit` streams. Each level's
    run log is kept in `folder`, and the server's log beside them.

    more: further flags of `host.server`. ready_within: seconds it may take to start.
    alone: judged answers of the one-caller level; at other levels every caller has EACH. known:
    levels of an earlier search that was cut short. keep: given each new level of the search.
    forgiven: faults that do not count.

    Raises BackendError when the server does not start.
    """
    name = Path(codec).name  # of a folder too
    more = [*more, *(() if rate is None else ("--rate", str(rate)))]
    more += ["--max-sockets", str(2 * limit), "--measure-s", "0"]
    log = folder / f"server-{name}.log"
    with serving_host(codec, seconds, limit, log, more, ready_within) as (process, endpoint):

        async def once(streams: int) -> Level:
            each = alone if streams == 1 else EACH
            # Starts are spread over one answer's length: no two streams move in step.
            suite = closed("en", None, streams, each, stagger=seconds, one_sentence=True)
            path = folder / f"host-{name}-{streams:04}.jsonl"
            measured = await measured_run(process, endpoint, session, suite, path)
            level = level_of(name, streams, *measured, forgiven)
            progress(level)
            return level

        return await search(remembered(retried(once), known, keep), limit, first)


async def measured_run(
    process: ServerProcess, endpoint: Endpoint, session: Session, suite: Suite, path: Path
) -> tuple[Summary, float, float]:
    """One suite, logged in `path`: what it says, and the CPU seconds of the server and of this
    client."""
    before, own = process_cpu(process.pid), process_time()
    with RunLoggers([JsonlLogger(path)]) as loggers:
        summary = await session.run(suite, endpoint, loggers)
    return summary, process_cpu(process.pid) - before, process_time() - own


@contextmanager
def serving_host(
    codec: str,
    seconds: float,
    slots: int,
    log: Path,
    more: Sequence[str],
    ready_within: float = 300.0,
) -> Iterator[tuple[ServerProcess, WebSocketEndpoint]]:
    """`host.server` with so many slots, and the way into it. more: further flags.
    Raises as `server_process.serving`."""
    arguments = ["--codec", codec, "--seconds", str(seconds), "--log-level", "warning"]
    arguments += ["--slots", str(slots), *more]
    with serving(arguments, log, ready_within, SERVER) as process:
        yield process, WebSocketEndpoint(process.socket_url, timeout=max(60.0, 10 * seconds))


def level_of(
    codec: str,
    streams: int,
    summary: Summary,
    cpu: float,
    client_cpu: float,
    forgiven: Collection[str] = (),
) -> Level:
    counted = {name: count for name, count in summary.faults.items() if name not in forgiven}
    summary = summary.model_copy(update={"faults": counted})
    found = summary.distributions
    ttfa, rtf = found.get("ttfa_ms"), found.get("stream_rtf")
    continuity = summary.continuity[0]
    audio = summary.delivered_s
    short = tuple(shortfalls(summary, TTFA_LIMIT_MS))
    return Level(
        codec=codec,
        streams=streams,
        held=not short,
        at_once=summary.at_once.observed if summary.at_once else 0.0,
        c100=continuity.c100,
        c50=continuity.c50,
        ttfa_p50_ms=ttfa.p50 if ttfa else None,
        ttfa_p99_ms=ttfa.p99 if ttfa else None,
        stream_rtf_p99=rtf.p99 if rtf else None,
        faults=sum(summary.faults.values()),
        cpu=cpu / audio if audio else None,
        client_cpu=client_cpu / audio if audio else None,
        objection=summary.objection,
        short=short,
    )


def table(levels: Sequence[Level]) -> str:
    """Codecs one after another, levels ascending; what a level lacked at the end of its row."""
    lines = [
        f"{'codec':<8}{'streams':>8}{'at once':>9}{'held':>8}{'C100':>8}"
        f"{'first audio p50/p99 ms':>24}{'CPU ms per stream-s':>21}{'of client':>11}"
    ]
    for level in sorted(levels, key=lambda level: (level.codec, level.streams)):
        c100 = "–" if level.c100 is None else f"{level.c100:.1%}"
        p50, p99 = level.ttfa_p50_ms, level.ttfa_p99_ms
        first = "–" if p50 is None else f"{p50:.0f}/{p99:.0f}"
        held = "yes" if level.held else "client" if level.objection else "no"
        lines.append(
            f"{level.codec:<8}{level.streams:>8}{level.at_once:>9.1f}{held:>8}{c100:>8}"
            f"{first:>24}{_ms(level.cpu):>21}{_ms(level.client_cpu):>11}"
            + "".join(f"  {reason};" for reason in level.short).rstrip(";")
        )
    return "\n".join(lines)


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else f"{1000 * seconds:.1f}"


def results(levels: Sequence[Level]) -> dict[str, object]:
    """JSON-ready: the result of each codec, and every level. Where `client_limit` is not None, the
    number held is a lower bound."""
    codecs = {level.codec: [one for one in levels if one.codec == level.codec] for level in levels}
    return {
        "streams_held": {codec: largest_held(its) for codec, its in codecs.items()},
        "client_limit": {codec: client_limit(its) for codec, its in codecs.items()},
        "levels": [asdict(level) for level in levels],
    }
