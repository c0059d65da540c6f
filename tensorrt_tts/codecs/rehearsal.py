"""The jobs that streams of a schedule will come with, before there are any. Pure.

A device plans, loads and captures at the first job of a shape, which takes a tenth of a second and
would be heard by everyone who is listening just then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tensorrt_tts.codecs.base import Step, Window
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.scheduler import MAX_JOIN
from tensorrt_tts.codecs.streams import WindowStream

OPENING_ROWS = 4
"""Streams that are at the same hop of their beginnings at once are few."""


class Rehearsed(NamedTuple):
    """A window as streams ask for it, and how many of its kind may come at once."""

    window: Window
    rows: int


def rehearsed(
    context: CodecContext, schedule: HopSchedule, step: Step, rows: int
) -> Iterator[Rehearsed]:
    """Every kind of window of a stream's beginning, and of its middle, where one hop is decoded at
    a time or as many as the scheduler joins. step: any codes. rows: streams at once in the middle.
    """
    stream = WindowStream(context, schedule)
    hops, seen = 1, set()
    while hops <= MAX_JOIN:
        # Hops of less than a frame come in several kinds, in turn.
        left = 2 * context.steps_per_frame
        while left:
            while stream.due < hops:
                stream.push([step])
            window = stream.job(hops)
            assert isinstance(window, Window)
            stream.take(np.zeros(window.stop - window.start, np.float32))
            left -= window.origin > 0
            kind = window.shape, window.start - window.origin * context.samples_per_step
            if kind not in seen:
                seen.add(kind)
                yield Rehearsed(window, rows if window.origin else min(rows, OPENING_ROWS))
        hops *= 2
