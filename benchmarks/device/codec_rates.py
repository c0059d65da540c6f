"""What the codec alone can do on a device: one-frame hops of many streams, decoded as one batch."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.device.ceilings import REPEATS, median_time
from tensorrt_tts.codecs.base import Window
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.families.orpheus.frames import STEPS_PER_FRAME

FRAMES_BEFORE = 40
"""Into the stream: a window there has its whole left context."""


@dataclass(frozen=True, slots=True)
class CodecRate:
    """batch: streams whose next frame is decoded together. ms: for all of them, median, windows as
    the server decodes them. streams: real-time streams that the codec could keep up with if it did
    nothing else. launched_ms: the same windows kernel by kernel, where the server replays graphs.
    stateful_ms: of streams with state."""

    batch: int
    ms: float
    streams: float
    launched_ms: float | None = None
    stateful_ms: float | None = None


def codec_rates(
    codec: SnacCodec, batches: Sequence[int], repeats: int = REPEATS
) -> Iterator[CodecRate]:
    """Each batch as soon as it is known. Windows as the streaming decoder asks for them at full
    lookahead."""
    context = codec.context
    frame_s = context.samples_per_frame / context.sample_rate
    launched = copy.copy(codec)
    launched.replays = None
    for batch in batches:
        windows = hop_windows(codec, batch)

        def of_windows(codec: SnacCodec, windows: Sequence[Window] = windows) -> float:
            return median_time(lambda: codec.run(windows), codec.device, repeats)

        seconds = of_windows(codec)
        yield CodecRate(
            batch,
            1000 * seconds,
            batch * frame_s / seconds,
            None if codec.replays is None else 1000 * of_windows(launched),
            1000 * stateful_time(codec, batch, repeats),
        )


def stateful_time(codec: SnacCodec, count: int, repeats: int = REPEATS) -> float:
    """Seconds for the next frame of `count` streams with state, median."""
    streams = [codec.open(HopSchedule(), seed, stateful=True) for seed in range(count)]
    step = (0,) * len(codec.config.vq_strides)

    def frame() -> None:
        for stream in streams:
            stream.push([step] * STEPS_PER_FRAME)
        jobs = [stream.job() for stream in streams if stream.due]
        for stream, samples in zip(streams, codec.run(jobs), strict=False):
            stream.take(samples)

    for _ in range(FRAMES_BEFORE):
        frame()
    return median_time(frame, codec.device, repeats)


def hop_windows(codec: SnacCodec, count: int) -> list[Window]:
    """The next frame of `count` streams of random codes, each FRAMES_BEFORE frames long so far."""
    context = codec.context
    start = FRAMES_BEFORE * context.samples_per_frame
    stop = start + context.samples_per_frame
    origin, end = context.first_step(start), context.steps_needed(stop)
    source = random.Random(0)

    def step() -> tuple[int, int, int]:
        c, m, f = (source.randrange(codec.config.codebook_size) for _ in range(3))
        return c, m, f

    return [
        Window([step() for _ in range(end - origin)], start, stop, origin, seed)
        for seed in range(count)
    ]


def table(rates: Sequence[CodecRate]) -> str:
    """One row per batch."""
    lines = [
        f"{'batch':>6}{'codec ms':>10}{'real-time streams':>19}{'ms, launched':>14}"
        f"{'ms, with state':>16}"
    ]
    for rate in rates:
        others = [
            f"{'–' if ms is None else f'{ms:.2f}'}" for ms in (rate.launched_ms, rate.stateful_ms)
        ]
        lines.append(
            f"{rate.batch:>6}{rate.ms:>10.2f}{rate.streams:>19.1f}{others[0]:>14}{others[1]:>16}"
        )
    return "\n".join(lines)
