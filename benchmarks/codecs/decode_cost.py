"""What decoding costs per second of audio, policy by policy and by length: is it flat?

    python -m benchmarks decode-cost [--lengths 5,20,60] [--codec random|demo|bicodec|FOLDER]

All policies run in one process, one after another on the same tokens: of SNAC at one-frame hops, of
BiCodec, whose frame is 20 ms, at hops of 80 ms, which come together as served while a listener to
tokens at 1.5 times real time has enough to play; and first heard when each usual policy is. The
usual ones of BiCodec run as they do elsewhere, where their listeners run dry, and "as stateful":
heard first, and each time after that, when our stream with state is.
On a CPU the cost is CPU time, what the process used, and on a busy machine the figure to trust; on
a GPU it is wall time, of which the process only waits out the most. "Decode again" decodes the
whole stream at every hop, so only some of its hops, spread evenly, are timed, and the rest is taken
to cost as much for what it decodes: the cost of a hop grows linearly. The table says how many.
A short text is decoded several times, the policies in turn, and the median is taken.
The usual policies get our own decoder's convolutions, and where nothing else is said decode no more
of a window than is new, which makes them cheaper here than as they are usually run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from benchmarks.codecs.coded import Coded, Streaming
from benchmarks.codecs.paced import listen_to
from tensorrt_tts.codecs.base import decode
from tensorrt_tts.codecs.baselines import FullRedecode

LENGTHS = (5.0, 20.0, 60.0)
"""Seconds of audio."""

SAMPLED_HOPS = 4
"""Hops of "decode again" that are timed for each length."""

REPEAT_WITHIN_S = 30.0
"""Seconds of audio up to which a length is measured again, MAX_REPEATS times at most: at 5 s a
single decode takes a second, in which anything may happen."""

MAX_REPEATS = 5

Clock = Literal["cpu", "wall"]

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DecodeCost:
    """cpu, wall: seconds per second of audio. clock: which of them is the cost. relative: the cost
    over the offline decode's of the same length. hops_timed of hops: less than all
    means that the cost is their mean, scaled up. repeats: decodes whose median this is."""

    policy: str
    length_s: float
    cpu: float
    wall: float
    clock: Clock
    relative: float
    hops: int
    hops_timed: int
    repeats: int

    @property
    def cost(self) -> float:
        return self.cpu if self.clock == "cpu" else self.wall


@dataclass(frozen=True, slots=True)
class _Time:
    cpu: float
    wall: float


@dataclass(frozen=True, slots=True)
class _Policy:
    """work: does `timed` of the policy's `hops` hops, 1/`scale` of its work."""

    name: str
    work: Callable[[], object]
    hops: int
    timed: int
    scale: float = 1.0


def decode_costs(
    coded: Coded,
    lengths: Sequence[float] = LENGTHS,
    sampled_hops: int = SAMPLED_HOPS,
    progress: Report = lambda line: None,
    repeats: int | None = None,
) -> list[DecodeCost]:
    """Rows in the order of the table: by length, the offline decode first. repeats: of short ones,
    at most; MAX_REPEATS if None."""
    rows: list[DecodeCost] = []
    codec = coded.codec
    run_policies(coded, 10, 1, 1)  # warm-up: first calls allocate
    for length in lengths:
        frames = max(1, round(length * codec.context.sample_rate / codec.context.samples_per_frame))
        progress(f"decode cost: {length:g} s of audio, {frames} frames")
        rows += run_policies(coded, frames, sampled_hops, repeats or MAX_REPEATS)
    return rows


def run_policies(coded: Coded, frames: int, sampled_hops: int, most: int) -> list[DecodeCost]:
    """Every policy over the same `frames` frames of random codes, the offline decode first."""
    codec = coded.codec
    audio = frames * codec.context.samples_per_frame / codec.context.sample_rate
    policies = _policies(coded, frames, sampled_hops)
    repeats = max(1, min(most, int(REPEAT_WITHIN_S / audio)))
    rounds = [[_timed(policy.work) for policy in policies] for _ in range(repeats)]
    rows: list[DecodeCost] = []
    for policy, times in zip(policies, zip(*rounds, strict=True), strict=True):
        scale = policy.scale / audio
        row = DecodeCost(
            policy=policy.name,
            length_s=round(audio, 3),
            cpu=median(time.cpu for time in times) * scale,
            wall=median(time.wall for time in times) * scale,
            clock="cpu" if codec.device.type == "cpu" else "wall",
            relative=1.0,
            hops=policy.hops,
            hops_timed=policy.timed,
            repeats=repeats,
        )
        rows.append(replace(row, relative=row.cost / rows[0].cost if rows else 1.0))
    return rows


def _policies(coded: Coded, frames: int, sampled_hops: int) -> list[_Policy]:
    codec, ids = coded.codec, coded.ids(frames)
    parser = coded.parser()
    steps = parser.push(ids)
    condition, per_frame = parser.condition, codec.context.steps_per_frame
    heard = {
        way.name: listen_to(coded, way, ids).known
        for way in coded.ways
        if way.name in (coded.again_like, *(one.like for one in coded.ways))
    }
    # Decode again: its hops are offline decodes of all so far, from the first one that gives audio.
    first = FullRedecode.LOOKAHEAD_FRAMES + 1
    hops = heard[coded.again_like] if coded.again_like else range(first, frames + 1)
    hops = hops or [frames]
    chosen = [hops[index] for index in spread(0, len(hops) - 1, sampled_hops)]

    def again() -> None:
        for count in chosen:
            decode(codec, steps[: count * per_frame], condition=condition)

    def streamed(way: Streaming) -> Callable[[], object]:
        return lambda: listen_to(coded, way, ids, at=heard.get(way.like))

    return [
        _Policy("offline", lambda: decode(codec, steps, condition=condition), 1, 1),
        *(_Policy(way.name, streamed(way), frames, frames) for way in coded.ways),
        _Policy("decode again", again, len(hops), len(chosen), sum(hops) / sum(chosen)),
    ]


def spread(first: int, last: int, count: int) -> list[int]:
    """At most `count` whole numbers from first to last, in the middles of equal parts; all of them
    when there are no more. Their mean is that of the range, so a linear cost is met exactly."""
    size = max(1, last - first + 1)
    count = min(count, size)
    return [first + int((index + 0.5) * size / count) for index in range(count)]


def table(rows: Sequence[DecodeCost]) -> str:
    """Policies down, lengths across: seconds per second of audio, and times the offline one."""
    lengths = sorted({row.length_s for row in rows})
    policies = list(dict.fromkeys(row.policy for row in rows))
    cells = {(row.policy, row.length_s): row for row in rows}
    clock = "CPU" if rows[0].clock == "cpu" else "Wall-clock"
    wide = max(18, *(len(policy) + 2 for policy in policies))
    lines = [f"{clock} seconds per second of audio (× the offline decode)", ""]
    lines.append(f"{'policy':<{wide}}" + "".join(f"{f'{length:.0f} s':>20}" for length in lengths))
    for policy in policies:
        line = f"{policy:<{wide}}"
        for length in lengths:
            row = cells[policy, length]
            note = "" if row.hops_timed == row.hops else "*"
            line += f"{f'{row.cost:.3f} ({row.relative:.2f}×){note}':>20}"
        lines.append(line)
    sampled = [row for row in rows if row.hops_timed < row.hops]
    if sampled:
        counts = ", ".join(f"{row.hops_timed} of {row.hops}" for row in sampled)
        lines += ["", f"* from {counts} hops"]
    return "\n".join(lines)


def _timed(work: Callable[[], object]) -> _Time:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return _Time(time.process_time() - cpu, time.perf_counter() - wall)
