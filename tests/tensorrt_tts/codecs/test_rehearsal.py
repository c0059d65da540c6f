"""What a codec makes ready for is what streams then come with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.codecs.base import Window
from tensorrt_tts.codecs.rehearsal import OPENING_ROWS, rehearsed
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ
from tensorrt_tts.codecs.streams import WindowStream

CONTEXT = SNAC_24KHZ.context()
STEP = (0, 0, 0)

schedules = st.builds(
    HopSchedule,
    lookahead=st.none() | st.integers(0, 5000),
    hop=st.sampled_from([4, 8, 12]),
    first_hop=st.integers(1, 6),
)
"""In whole frames. Shorter hops joined come in more kinds than are worth preparing."""


def kind(window: Window) -> tuple[object, int]:
    return window.shape, window.start - window.origin * CONTEXT.samples_per_step


@given(schedules, st.lists(st.sampled_from([1, 2, 4, 8]), min_size=1, max_size=12))
def test_every_job_of_a_stream_before_its_end_was_rehearsed(
    schedule: HopSchedule, joined: list[int]
) -> None:
    """A beginning that falls behind is not foreseen."""
    known = {kind(one.window) for one in rehearsed(CONTEXT, schedule, STEP, 64)}
    stream = WindowStream(CONTEXT, schedule)
    opened = False
    for hops in [1] * 40 + joined:
        while stream.due < hops:
            stream.push([STEP])
        window = stream.job(hops)
        assert isinstance(window, Window)
        stream.take(np.zeros(window.stop - window.start, np.float32))
        assert kind(window) in known
        opened |= window.origin > 0
    assert opened


@given(st.integers(1, 3), st.none() | st.integers(0, 5000))
def test_hops_of_less_than_a_frame_come_in_turn(hop: int, lookahead: int | None) -> None:
    schedule = HopSchedule(lookahead, hop)
    known = {kind(one.window) for one in rehearsed(CONTEXT, schedule, STEP, 64)}
    stream = WindowStream(CONTEXT, schedule)
    for _ in range(60):
        while not stream.due:
            stream.push([STEP])
        window = stream.job()
        assert isinstance(window, Window)
        stream.take(np.zeros(window.stop - window.start, np.float32))
        assert kind(window) in known


def test_there_are_few() -> None:
    found = list(rehearsed(CONTEXT, HopSchedule(first_hop=3), STEP, 64))
    assert [one.rows for one in found] == [OPENING_ROWS] * 3 + [64] * 4


@pytest.mark.parametrize("rows", [1, 3])
def test_no_more_rows_than_the_codec_takes(rows: int) -> None:
    found = rehearsed(CONTEXT, HopSchedule(), STEP, rows)
    assert {one.rows for one in found} == {rows}
