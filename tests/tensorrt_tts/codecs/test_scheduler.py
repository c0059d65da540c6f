"""Which jobs the scheduler runs next and together, and what becomes of those that fail or end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.base import Job, decode
from tensorrt_tts.codecs.scheduler import MAX_JOIN, SchedulerStats
from tensorrt_tts.playback import PlaybackClock
from tests.support.codec_desk import HOP, VOICE, Desk, alone
from tests.support.codec_listener import Listener
from tests.support.toy_family import RATE, STEP


def test_nothing_is_due(desk: Desk) -> None:
    assert desk.step() == []
    desk.open("a")
    assert desk.step() == []
    assert desk.scheduler.stats == SchedulerStats()


def test_a_first_chunk_goes_before_everything_the_longest_waiting_first(desk: Desk) -> None:
    alone(desk.codec)
    desk.open("a", 1)
    assert desk.step() == [("a", 1)]
    desk.clock.now += 100  # the listener has been dry for long
    desk.push("a", 1)
    for name in "bcd":
        desk.clock.now += 1
        desk.open(name)
    for name in "cdb":
        desk.clock.now += 1
        desk.push(name, 1)
    assert desk.drain() == [[("c", 1)], [("d", 1)], [("b", 1)], [("a", 1)]]


def test_the_earliest_deadline_goes_first(desk: Desk) -> None:
    """Whoever's listener runs dry first, whatever the order of opening, pushing and decoding."""
    alone(desk.codec)
    for name, steps in (("a", 4), ("b", 1), ("c", 3), ("d", 2)):
        desk.open(name)
        desk.streams[name].push([(1,)] * steps)  # one hop of so much audio
    desk.drain()
    desk.clock.now += 10
    for name in "acdb":
        desk.push(name, 1)
    assert desk.drain() == [[("b", 1)], [("d", 1)], [("c", 1)], [("a", 1)]]


def test_jobs_of_one_shape_are_one_batch_and_others_are_not(desk: Desk) -> None:
    for name, steps in (("a", 1), ("b", 2), ("c", 1), ("d", 2), ("e", 1)):
        desk.open(name)
        desk.streams[name].push([(1,)] * steps)
    assert desk.drain() == [[("a", 1), ("c", 1), ("e", 1)], [("b", 2), ("d", 2)]]


def test_a_batch_has_no_more_jobs_than_the_codec_wants(desk: Desk) -> None:
    desk.codec.max_batch = 3
    for name in "abcdefg":
        desk.open(name, 1)
    assert [len(batch) for batch in desk.drain()] == [3, 3, 1]


def test_a_stream_alone_is_decoded_hop_by_hop(desk: Desk) -> None:
    desk.open("a", 5)
    assert desk.drain() == [[("a", 1)]] * 5


@pytest.mark.parametrize(
    ("waiting", "joined"),
    [(1, [1]), (2, [2]), (3, [2, 1]), (7, [4, 2, 1]), (8, [8]), (21, [8, 8, 4, 1])],
)
def test_hops_are_joined_while_others_are_open(desk: Desk, waiting: int, joined: list[int]) -> None:
    desk.open("b")
    desk.open("a", waiting)
    assert desk.drain(played_s=10) == [[("a", hops)] for hops in joined]
    assert desk.scheduler.stats.jobs == len(joined)
    assert desk.scheduler.stats.hops == waiting
    assert max(joined) <= MAX_JOIN


def test_one_that_is_further_behind_joins_the_first_with_fewer_hops(desk: Desk) -> None:
    desk.open("a", 2)
    desk.open("b", 5)
    desk.open("c", 1)
    joined = desk.drain(played_s=10)
    assert joined == [[("a", 2), ("b", 2)], [("c", 1)], [("b", 2)], [("b", 1)]]


def test_joined_hops_are_the_same_audio(desk: Desk) -> None:
    desk.open("b")
    desk.open("a", 21)
    desk.streams["a"].end()
    desk.drain()
    whole = decode(desk.codec, [(step,) for step in range(21)], ord("a"), VOICE)
    np.testing.assert_array_equal(desk.heard["a"].audio, to_int16(whole))
    assert desk.heard["a"].end == [None]


@pytest.mark.parametrize("cost", [0.5, 1.5, 10.0])
def test_no_stream_starves(desk: Desk, cost: float) -> None:
    """Six streams that always have something due, on a codec that is (cost ≥ 1) too slow for even
    one of them: each is decoded once in any six batches."""
    alone(desk.codec)
    for name in "abcdef":
        desk.open(name)
    order = ""
    for _ in range(60):
        for name, scheduled in desk.streams.items():
            desk.push(name, 1 - scheduled.stream.due)
        ((name, _),) = desk.step(cost * STEP / RATE)
        order += name
    assert all(len(set(order[at : at + 6])) == 6 for at in range(55))


def test_a_newcomer_is_heard_while_all_others_are_late(desk: Desk) -> None:
    alone(desk.codec)
    for name in "abcdef":
        desk.open(name, 1)
    desk.drain()
    desk.clock.now += 10
    for name in "abcdef":
        desk.push(name, 1)
    desk.open("z", 1)
    assert desk.step(1.0) == [("z", 1)]


def test_a_failing_run_fails_that_batch_and_no_other(desk: Desk) -> None:
    for name, steps in (("a", 1), ("b", 1), ("c", 2), ("d", 2)):
        desk.open(name)
        desk.streams[name].push([(1,)] * steps)
    run = desk.codec.run

    def broken(jobs: Sequence[Job]) -> list[np.ndarray]:
        raise ValueError("no such code")

    desk.codec.run = broken  # type: ignore[method-assign]
    assert desk.scheduler.step() == 2
    desk.codec.run = run  # type: ignore[method-assign]
    assert desk.drain() == [[("c", 2), ("d", 2)]]
    for name in "ab":
        (error,) = desk.heard[name].end
        assert str(error) == "no such code"
        desk.push(name, 1)
        desk.streams[name].end()
    assert desk.drain() == []


def test_a_listener_whose_loop_is_closed_is_dropped(desk: Desk) -> None:
    calls = []

    def gone(item: object) -> None:
        calls.append(item)
        raise RuntimeError("Event loop is closed")

    desk.open("a", 1)
    stream = desk.codec.open(HOP, ord("x"), VOICE)
    lost = desk.scheduler.open(stream, PlaybackClock(RATE), gone)
    for _ in range(2):
        lost.push([(1,)])
    assert desk.drain() == [[("a", 1), ("x", 1)]]
    lost.push([(1,)])
    desk.push("a", 2)
    assert desk.drain() == [[("a", 1)], [("a", 1)]]
    assert len(calls) == 1


def test_an_end_with_nothing_left_is_told_at_once(desk: Desk) -> None:
    desk.open("a").end()
    assert desk.heard["a"].end == [None]
    desk.open("b", 2)
    desk.drain()
    desk.streams["b"].pause()
    desk.streams["b"].end()
    assert desk.heard["b"].end == [None]


def test_an_end_with_something_left_waits_for_it(desk: Desk) -> None:
    desk.open("a", 2)
    desk.streams["a"].end()
    assert desk.heard["a"].end == []
    desk.drain()
    assert [len(pcm) for pcm in desk.heard["a"].pcm] == [STEP, STEP]
    assert desk.heard["a"].end == [None]


def test_a_cancelled_stream_is_told_no_end(desk: Desk) -> None:
    stream = desk.open("a", 1)
    stream.cancel()
    stream.end()
    assert desk.drain() == []
    assert desk.heard["a"] == Listener()


def test_statistics(desk: Desk) -> None:
    alone(desk.codec)
    desk.open("a", 1)
    desk.clock.now += 2
    desk.open("b", 2)
    desk.clock.now += 1
    assert desk.step(0.5) == [("a", 1)]  # waited 3 s
    assert desk.step(0.25) == [("b", 2)]  # waited 1.5 s
    desk.push("a", 1)
    assert desk.step(0.125) == [("a", 1)]  # its 20 ms were over 230 ms before it was due, no wait
    found = desk.scheduler.stats
    assert (found.batches, found.jobs, found.hops) == (3, 3, 4)
    assert (found.busy_s, found.wait_s, found.worst_wait_s) == (0.875, 4.5, 3)
    assert found.late_s == pytest.approx(0.375 - STEP / RATE)
