"""What the codec alone can do on a device: one-frame hops of many streams, decoded as one batch."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.device.ceilings import REPEATS, median_time
from tensorrt_tts.codecs.base import Window
from tensorrt_tts.codecs.snac.codec import SnacCodec

FRAMES_BEFORE = 40
"""Into the stream: a window there has its whole left context."""


@dataclass(frozen=True, slots=True)
class CodecRate:
    """batch: streams whose next frame is decoded together. ms: for all of them, median. streams:
    real-time streams that the codec could keep up with if it did nothing else."""

    batch: int
    ms: float
    streams: float


def codec_rates(
    codec: SnacCodec, batches: Sequence[int], repeats: int = REPEATS
) -> Iterator[CodecRate]:
    """Each batch as soon as it is known. Windows as the streaming decoder asks for them at full
    lookahead."""
    context = codec.context
    frame_s = context.samples_per_frame / context.sample_rate
    for batch in batches:
        windows = hop_windows(codec, batch)
        seconds = median_time(lambda w=windows: codec.run(w), codec.device, repeats)  # type: ignore[misc]
        yield CodecRate(batch, 1000 * seconds, batch * frame_s / seconds)


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
    lines = [f"{'batch':>6}{'codec ms':>10}{'real-time streams':>19}"]
    lines += [f"{rate.batch:>6}{rate.ms:>10.2f}{rate.streams:>19.1f}" for rate in rates]
    return "\n".join(lines)
