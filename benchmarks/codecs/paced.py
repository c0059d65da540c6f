"""One listener to a codec's scheduler whose tokens come at a pace, on a clock of its own.

Decoding takes no time on that clock, so that every run has the same pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorrt_tts.codecs.baselines import Baseline
from tensorrt_tts.codecs.scheduler import CodecScheduler, Decoded, ScheduledStream
from tensorrt_tts.playback import PlaybackClock

if TYPE_CHECKING:
    from benchmarks.codecs.coded import Coded, Streaming
    from tensorrt_tts.codecs.base import Codec
    from tensorrt_tts.codecs.schedule import HopSchedule
    from tensorrt_tts.families.base import FrameParser

PACE = 1.5
"""Times real time at which tokens come: no fast language model, and a busy one."""


@dataclass(slots=True)
class Paced:
    """chunks: int16 (n,) each, in order. first_tokens: pushed when the first came, None if never.
    known: frames whenever some came before the end. dry_s: seconds that the listener had nothing to
    play between the first and the last. jobs: that the codec ran."""

    chunks: list[np.ndarray] = field(default_factory=list)
    first_tokens: int | None = None
    known: list[int] = field(default_factory=list)
    dry_s: float = 0.0
    jobs: int = 0

    @property
    def pcm(self) -> np.ndarray:
        return np.concatenate([np.zeros(0, np.int16), *self.chunks])

    @property
    def borders(self) -> list[int]:
        """The first sample of every chunk but the first."""
        return list(accumulate(len(chunk) for chunk in self.chunks[:-1]))


def listen(
    codec: Codec,
    parser: FrameParser,
    ids: Sequence[int],
    schedule: HopSchedule,
    stateful: bool = False,
    frame_ids: int = 1,
    chunk: int = 0,
    gathers: bool = True,
    pace: float = PACE,
) -> Paced:
    """frame_ids: of a frame. chunk: ids pushed at a time, a frame's if 0. gathers: whether hops
    come together as the codec states."""
    context, heard, now, known = codec.context, Paced(), 0.0, 0
    scheduler = CodecScheduler(codec, lambda: now, None if gathers else 0)
    stream: ScheduledStream | None = None

    def deliver(item: Decoded | Exception | None) -> None:
        if isinstance(item, Exception):
            raise item
        if item is not None:
            heard.chunks.append(item.pcm)

    def decode() -> None:
        while scheduler.step():
            pass

    chunk = chunk or frame_ids
    seconds = context.samples_per_frame / context.sample_rate / frame_ids / pace * chunk
    for start in range(0, len(ids), chunk):
        steps = parser.push(ids[start : start + chunk])
        now += seconds
        if not steps:
            continue
        if stream is None:
            opened = codec.open(schedule, 0, parser.condition, stateful)
            stream = scheduler.open(opened, PlaybackClock(context.sample_rate), deliver)
        stream.push(steps)
        known, before = known + len(steps), len(heard.chunks)
        decode()
        if len(heard.chunks) > before:
            heard.known.append(known // context.steps_per_frame)
        if heard.chunks and heard.first_tokens is None:
            heard.first_tokens = min(start + chunk, len(ids))
    parser.finish()
    if stream is not None:
        stream.end(parser.tail)
        decode()
    heard.dry_s, heard.jobs = scheduler.stats.late_s, scheduler.stats.jobs
    return heard


def listen_to(
    coded: Coded,
    way: Streaming,
    ids: Sequence[int],
    chunk: int = 0,
    at: Sequence[int] | None = None,
) -> Paced:
    """`listen`, to one way to stream. at: frames known whenever a usual way is heard, as another
    one was."""
    codec: Codec = coded.codec
    if way.usual:
        usual: Any = way.usual  # one that is heard as another takes `at`
        codec = Baseline(codec, partial(usual, at=at) if at else usual)
    parser, per_frame = coded.parser(), coded.frame_ids
    return listen(codec, parser, ids, way.schedule, way.stateful, per_frame, chunk, way.gathers)
