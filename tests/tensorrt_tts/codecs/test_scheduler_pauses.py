"""Streams that are paused, resumed and cancelled at the scheduler."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tensorrt_tts.codecs.base import Job
from tests.support.codec_desk import Desk, alone
from tests.support.codec_listener import Listener


def test_a_cancelled_streams_job_never_runs(desk: Desk) -> None:
    desk.open("a", 2)
    desk.open("b", 2)
    desk.streams["a"].cancel()
    desk.push("a", 1)
    assert desk.drain() == [[("b", 1)], [("b", 1)]]  # and b is alone now
    assert desk.heard["a"] == Listener()


@pytest.mark.parametrize("fails", [False, True])
def test_what_runs_for_a_cancelled_stream_is_thrown_away(desk: Desk, fails: bool) -> None:
    desk.open("a", 1)
    desk.open("b", 1)
    run = desk.codec.run

    def cancelled_meanwhile(jobs: Sequence[Job]) -> list[np.ndarray]:
        desk.streams["a"].cancel()
        if fails:
            raise RuntimeError("broken")
        return run(jobs)

    desk.codec.run = cancelled_meanwhile  # type: ignore[method-assign]
    assert desk.scheduler.step() == 2
    assert desk.heard["a"] == Listener()
    assert len(desk.heard["b"].end if fails else desk.heard["b"].pcm) == 1


def test_a_paused_stream_is_passed_over_and_loses_nothing(desk: Desk) -> None:
    desk.open("a", 3)
    desk.open("b", 1)
    desk.streams["a"].pause()
    assert desk.drain() == [[("b", 1)]]
    desk.push("a", 1)
    assert desk.drain() == []
    desk.clock.now += 1000
    desk.streams["a"].resume()
    desk.streams["a"].resume()
    assert desk.drain() == [[("a", 4)]]


def test_a_pause_is_no_wait(desk: Desk) -> None:
    """Neither for the statistics, nor for who goes first, nor for a watchdog."""
    stream = desk.open("a", 1)
    stream.pause()
    desk.clock.now += 1000
    desk.open("b", 1)
    desk.clock.now += 2
    stream.resume()
    assert stream.due_since == desk.clock.now
    alone(desk.codec)
    assert desk.drain() == [[("b", 1)], [("a", 1)]]
    assert desk.scheduler.stats.worst_wait_s == 2


def test_resuming_what_was_not_paused_changes_nothing(desk: Desk) -> None:
    stream = desk.open("a", 1)
    since = stream.due_since
    desk.clock.now += 5
    stream.resume()
    assert stream.due_since == since
