"""How many real-time streams a codec carries on this machine, by the way it is run.

The toolkit's server with the engine double, as in `overhead.py` and judged alike over real
sockets, once for each codec and policy, one after another in one run: ours, and the two usual ones
with the `snac` package's own decode (`usual_codec`). Then what happens beyond: servers with as many
slots as `slots_beyond` says are asked by up to twice as many callers. The client shares the cores.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.codecs.coded import open_codec, open_model, random_ids
from benchmarks.codecs.usual_codec import UsualCodec
from benchmarks.host.overhead import (
    Level,
    host_overhead,
    largest_held,
    serving_host,
    streams_held,
)
from benchmarks.listener.integrity import Fault
from benchmarks.load.session import Session
from benchmarks.load.suites import poisson
from benchmarks.runs.run_logger import JsonlLogger, RunLoggers
from benchmarks.runs.runlog import RunLog, read
from benchmarks.runs.summary import continuity, failed
from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.base import Codec, decode
from tensorrt_tts.codecs.baselines import Baseline, FullRedecode, SlidingWindow
from tensorrt_tts.codecs.scheduler import CodecScheduler, Decoded
from tensorrt_tts.codecs.stability import Comparison, compare
from tensorrt_tts.errors import SettingError
from tensorrt_tts.families.orpheus.frames import STEPS_PER_FRAME, parse
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens
from tensorrt_tts.playback import PlaybackClock
from tensorrt_tts.server.measured_slots import HEADROOM
from tensorrt_tts.stream_options import StreamOptions

BATCHED = "batched"
STATEFUL = "stateful"

POLICIES = {
    BATCHED: "ours, batched",
    STATEFUL: "ours, with state",
    "single": "ours, batches of one",
    "window": "28-token window",
    "again": "decode again",
}
"""What `USUAL` lacks is ours."""

USUAL = {"window": SlidingWindow, "again": FullRedecode}

SHARES = (0.75, 1.0, 1.25, 2.0)
"""Callers per slot, of the curve."""

TOGETHER = 4
"""Streams that are decoded together to see whether each is exact."""

FRAMES = 24
"""Of each of them: 2 s."""


@dataclass(frozen=True, slots=True)
class Held:
    """streams: held, and `words` says it with what limited it. cpu: seconds of the server per
    second of audio delivered, at that level, or with one stream where none was held. missing,
    max_lsb: of the worst of `TOGETHER` streams against its offline decode; samples, steps of int16.
    threads: that decode, each with one of torch's own. load: processes that wanted a CPU in the
    minute before."""

    codec: str
    policy: str
    streams: int
    words: str
    cpu: float | None
    missing: int
    max_lsb: int
    threads: int
    load: float


@dataclass(frozen=True, slots=True)
class Point:
    """slots and callers, of whom some were refused. whole: share of those admitted who were silent
    for 100 ms at most, with no prebuffer. faults: failed or faulty answers of those admitted."""

    codec: str
    slots: int
    callers: int
    refused: int
    whole: float | None
    faults: int


def open_policy(name: str, policy: str, device: str = "cpu") -> tuple[Codec, OrpheusTokens]:
    """The codec of that name (see `coded.open_codec`) as `policy` runs it."""
    if policy not in POLICIES:
        raise SettingError(f"policy {policy!r}: choose one of {', '.join(POLICIES)}")
    if policy in USUAL:
        config, model = open_model(name)
        tokens = OrpheusTokens(codebook_size=config.codebook_size)
        return Baseline(UsualCodec(model, config.context()), USUAL[policy]), tokens
    codec, tokens = open_codec(name, device)
    if policy == "single":
        codec.max_batch = 1
    return codec, tokens


def options_of(policy: str) -> StreamOptions:
    return StreamOptions(stateful=policy == STATEFUL)


async def capacity(
    codec: str,
    folder: Path,
    session: Session,
    limit: int,
    seconds: float,
    policies: Sequence[str] = tuple(POLICIES),
    progress: Callable[[Level], None] = lambda level: None,
    device: str = "cpu",
) -> tuple[list[Held], list[Level]]:
    """One row for each policy, and every level that was tried."""
    rows: list[Held] = []
    tried: list[Level] = []
    for policy in policies:
        exact = exactness(codec, policy, device)
        load = os.getloadavg()[0]
        first = 1 if policy in USUAL else 2
        levels = await host_overhead(
            codec,
            folder / policy,
            session,
            limit,
            seconds,
            progress=progress,
            more=["--policy", policy, "--device", device],
            first=first,
            # What they never play is in the column `missing`, and no reason to hold nothing.
            forgiven={Fault.FRAMES} if policy in USUAL else (),
        )
        held = largest_held(levels)
        judged = min(levels, key=lambda level: abs(level.streams - max(1, held)))
        rows.append(
            Held(
                codec=codec,
                policy=policy,
                streams=held,
                words=streams_held(levels),
                cpu=judged.cpu,
                missing=max((one.missing for one in exact), key=abs),
                max_lsb=max(one.max_lsb for one in exact),
                threads=open_policy(codec, policy, device)[0].threads,
                load=round(load, 2),
            )
        )
        tried += levels
    return rows, tried


def exactness(name: str, policy: str, device: str = "cpu") -> list[Comparison]:
    """`TOGETHER` streams at one scheduler, each against its own offline decode on the CPU."""
    codec, tokens = open_policy(name, policy, device)
    reference, _ = open_codec(name, "cpu")
    scheduler = CodecScheduler(codec)
    options = options_of(policy)
    parts: list[list[np.ndarray]] = [[np.zeros(0, np.int16)] for _ in range(TOGETHER)]
    steps = [parse(random_ids(tokens, FRAMES, seed), tokens)[0] for seed in range(TOGETHER)]
    streams = []
    for seed, into in enumerate(parts):

        def deliver(item: Decoded | Exception | None, into: list[np.ndarray] = into) -> None:
            if isinstance(item, Exception):
                raise item
            if item is not None:
                into.append(item.pcm)

        stream = codec.open(options.schedule, seed, stateful=options.stateful)
        streams.append(scheduler.open(stream, PlaybackClock(codec.context.sample_rate), deliver))
    for first in range(0, FRAMES * STEPS_PER_FRAME, STEPS_PER_FRAME):
        for scheduled, its in zip(streams, steps, strict=True):
            scheduled.push(its[first : first + STEPS_PER_FRAME])
        while scheduler.step():
            pass
    for scheduled in streams:
        scheduled.end()
    while scheduler.step():
        pass
    return [
        compare(policy, np.concatenate(its), to_int16(decode(reference, all_steps, seed)))
        for seed, (its, all_steps) in enumerate(zip(parts, steps, strict=True))
    ]


def slots_beyond(streams: int) -> list[int]:
    """Slots of the servers that are asked for more, given how many streams were held: all of them,
    which leaves nothing for refusing the rest, and the share that a server offers by itself."""
    return sorted({streams, max(1, int(HEADROOM * streams))}, reverse=True)


async def beyond(
    codec: str,
    slots: int,
    folder: Path,
    session: Session,
    seconds: float,
    shares: Sequence[float] = SHARES,
    device: str = "cpu",
) -> list[Point]:
    """Callers who come within half an answer, each once, to a server of so many slots."""
    points: list[Point] = []
    log = folder / f"server-{slots}-slots.log"
    more = ["--max-queued", "0", "--device", device]
    with serving_host(codec, seconds, slots, log, more) as (_, endpoint):
        for share in shares:
            callers = max(1, round(share * slots))
            suite = poisson("en", None, 2 * callers / seconds, callers, 0, one_sentence=True)
            path = folder / f"beyond-{slots:04}-{callers:04}.jsonl"
            with RunLoggers([JsonlLogger(path)]) as loggers:
                await session.run(suite, endpoint, loggers)
            points.append(_point(Path(codec).name, slots, read(path)))
    return points


def _point(codec: str, slots: int, log: RunLog) -> Point:
    admitted = [line for line in log.requests if not line.refused]
    return Point(
        codec=codec,
        slots=slots,
        callers=len(log.requests),
        refused=len(log.requests) - len(admitted),
        whole=continuity(admitted, 0).c100,
        faults=sum(failed(line) or bool(line.faults) for line in admitted),
    )


def table(rows: Sequence[Held], points: Sequence[Point]) -> str:
    lines = [
        f"{'codec':<8}{'policy':<22}{'CPU s per stream-s':>19}{'missing':>9}{'LSB':>7}"
        f"{'threads':>9}{'load':>7}  streams held"
    ]
    for row in rows:
        cpu = "–" if row.cpu is None else f"{row.cpu:.3f}"
        lines.append(
            f"{Path(row.codec).name:<8}{POLICIES[row.policy]:<22}{cpu:>19}{row.missing:>9}"
            f"{row.max_lsb:>7}{row.threads:>9}{row.load:>7.1f}  {row.words}"
        )
    lines += ["", f"{'codec':<8}{'slots':>6}{'callers':>9}{'refused':>9}{'faults':>8}{'whole':>8}"]
    for point in points:
        whole = "–" if point.whole is None else f"{point.whole:.0%}"
        lines.append(
            f"{point.codec:<8}{point.slots:>6}{point.callers:>9}{point.refused:>9}"
            f"{point.faults:>8}{whole:>8}"
        )
    return "\n".join(lines)
