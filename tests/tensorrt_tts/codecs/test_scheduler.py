"""The scheduler, one step at a time on a clock of the test's own, and on its threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.base import Codec, Job, decode
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.scheduler import (
    MAX_JOIN,
    SHARED_HOPS,
    CodecScheduler,
    Decoded,
    ScheduledStream,
    SchedulerStats,
)
from tensorrt_tts.playback import PlaybackClock
from tests.support.codec_listener import Clock, Listener
from tests.support.toy_family import RATE, STEP, ToyCodec

HOP = HopSchedule(hop=1)
VOICE = (3, 1, 4, 1)
WAIT_S = 60.0
"""What takes so long hangs, on whatever machine."""


class Desk:
    """A scheduler of one toy codec, a clock, and streams by name."""

    def __init__(self, codec: ToyCodec | None = None) -> None:
        self.codec = codec or ToyCodec()
        self.clock = Clock()
        self.scheduler = CodecScheduler(self.codec, self.clock)
        self.streams: dict[str, ScheduledStream] = {}
        self.heard: dict[str, Listener] = {}

    def open(self, name: str, steps: int = 0, schedule: HopSchedule = HOP) -> ScheduledStream:
        """With its name as its seed, by which its jobs are recognised, and steps pushed singly."""
        self.heard[name] = Listener()
        stream = self.codec.open(schedule, seed=ord(name), condition=VOICE)
        self.streams[name] = self.scheduler.open(stream, PlaybackClock(RATE), self.heard[name])
        self.push(name, steps)
        return self.streams[name]

    def push(self, name: str, steps: int) -> None:
        for step in range(steps):
            self.streams[name].push([(step % 64,)])

    def step(self, seconds: float = 0.0) -> list[tuple[str, int]]:
        """Run a batch that takes so long: the name and the steps' worth of audio of each job."""
        run = self.codec.run

        def timed(jobs: Sequence[Job]) -> list[np.ndarray]:
            self.clock.now += seconds
            return run(jobs)

        self.codec.run = timed  # type: ignore[method-assign]
        try:
            count = self.scheduler.step()
        finally:
            self.codec.run = run  # type: ignore[method-assign]
        if not count:
            return []
        jobs = self.codec.batches[-1]
        assert len(jobs) == count
        return [(chr(job.seed), (job.stop - job.start) // STEP) for job in jobs]

    def drain(self, played_s: float = 0.0) -> list[list[tuple[str, int]]]:
        """All that waits for nothing, with so much time after every batch."""
        found = []
        while batch := self.step():
            found.append(batch)
            self.clock.now += played_s
        return found


def alone(codec: Codec) -> None:
    """Batches of one, so that the order is seen."""
    codec.max_batch = 1


@pytest.fixture
def desk() -> Desk:
    return Desk()


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


def gathering(desk: Desk, steps: int) -> None:
    desk.scheduler.gather = steps * STEP


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("pace", [1.0, 1.1, 1.5, 4.0])
def test_the_hop_grows_with_the_listeners_lead(desk: Desk, pace: float, beside: bool) -> None:
    """Whatever the pace at which steps come, in real time, of a codec that wants it and of any
    codec beside another stream: nobody runs dry who would not have hop by hop, the audio is the
    same, and the faster they come the fewer jobs there are."""
    if beside:
        desk.open("b")
    else:
        gathering(desk, 16)
    stream = desk.open("a")
    for step in range(400):
        desk.clock.now += STEP / RATE / pace
        stream.push([(step % 64,)])
        desk.drain()
    stream.end()
    desk.drain()
    stats = desk.scheduler.stats
    assert stats.late_s == pytest.approx(0.0, abs=1e-6)
    assert stats.worst_wait_s == 0.0
    assert stats.hops == 400
    most = {1.0: 400, 1.1: 150, 1.5: 60, 4.0: 50}[pace]
    assert stats.jobs <= (max(most, 400 // SHARED_HOPS + 70) if beside else most)
    lengths = {len(pcm) // STEP for pcm in desk.heard["a"].pcm[:-1]}
    assert lengths <= {1, 2, SHARED_HOPS} if beside else lengths <= {1, 2, 4, 8, 16}
    whole = decode(desk.codec, [(step % 64,) for step in range(400)], ord("a"), VOICE)
    np.testing.assert_array_equal(desk.heard["a"].audio, to_int16(whole))


def test_none_gathers_alone_and_each_does_beside_another(desk: Desk) -> None:
    desk.open("a").push([(1,)] * 100)
    desk.step()
    desk.push("a", 1)
    assert desk.step() == [("a", 1)]
    beside = desk.open("b")
    desk.push("a", SHARED_HOPS - 1)
    assert desk.step() == []
    desk.push("a", 1)
    assert desk.step() == [("a", SHARED_HOPS)]
    desk.push("a", 1)
    assert desk.step() == []
    beside.cancel()
    assert desk.step() == [("a", 1)]


def test_what_gathers_is_decoded_when_half_of_the_lead_is_played(desk: Desk) -> None:
    gathering(desk, 16)
    stream = desk.open("a")
    stream.push([(1,)] * 9)  # one hop
    assert desk.step() == [("a", 9)]
    desk.push("a", 3)
    assert desk.step() == []
    assert stream.due_since is None
    desk.clock.now += 2 * STEP / RATE  # seven steps to play, three due
    assert desk.step() == []
    desk.clock.now += 1.01 * STEP / RATE
    assert desk.step() == [("a", 2)]
    assert desk.step() == []  # and the third has a new lead to wait for
    stream.end()
    assert desk.step() == [("a", 1)]
    assert desk.heard["a"].end == [None]


def test_what_gathers_goes_along_and_never_leads(desk: Desk) -> None:
    gathering(desk, 16)
    for name, steps in (("a", 20), ("b", 8)):
        desk.open(name).push([(1,)] * steps)
        desk.step()
    desk.push("a", 4)
    desk.push("b", 3)
    assert desk.step() == []
    desk.push("b", 1)
    assert desk.step() == [("b", 4), ("a", 4)]
    stats = desk.scheduler.stats
    assert (stats.batches, stats.wait_s) == (3, 0.0)


def test_no_more_is_gathered_than_the_codec_wants(desk: Desk) -> None:
    gathering(desk, 16)
    desk.open("a").push([(1,)] * 100)
    desk.step()
    desk.push("a", 15)
    assert desk.step() == []
    desk.push("a", 1)
    assert desk.step() == [("a", 16)]
    desk.open("b", schedule=HopSchedule(hop=10)).push([(1,)] * 100)
    desk.step()
    desk.streams["b"].push([(1,)] * 10)
    assert desk.step() == []
    desk.streams["b"].push([(1,)] * 10)  # two are more, one after the other is not
    assert desk.step() == [("b", 20)]


def test_a_paused_listener_lets_it_gather(desk: Desk) -> None:
    gathering(desk, 16)
    stream = desk.open("a")
    stream.push([(1,)] * 9)
    desk.step()
    stream.playback.pause(desk.clock.now)
    desk.push("a", 3)
    desk.clock.now += 1000
    assert desk.step() == []
    stream.playback.resume(desk.clock.now)
    desk.clock.now += 5 * STEP / RATE
    assert desk.step() == [("a", 2)]


def test_threads_decode_what_gathers_though_no_more_comes() -> None:
    """Nobody pushes, nothing ends: the thread wakes when half of the lead is played."""
    codec = ToyCodec()
    codec.context = replace(codec.context, gather=16 * STEP)
    listener, heard = Listener(), threading.Semaphore(0)

    def deliver(item: Decoded | Exception | None) -> None:
        listener(item)
        heard.release()

    with started(codec) as scheduler:
        stream = scheduler.open(codec.open(HOP, 1, VOICE), PlaybackClock(RATE), deliver)
        stream.push([(1,)] * 5)
        assert heard.acquire(timeout=WAIT_S)
        stream.push([(1,)])
        assert heard.acquire(timeout=WAIT_S)
    assert [len(pcm) for pcm in listener.pcm] == [5 * STEP, STEP]


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


def test_idle_threads_share_what_is_there(desk: Desk) -> None:
    """Two threads and six streams: each takes half, and one thread that is left takes all."""
    desk.scheduler._idle = 2
    for name in "abcdef":
        desk.open(name, 1)
    batches: list[int] = []
    run = desk.codec.run

    def nested(jobs: Sequence[Job]) -> list[np.ndarray]:
        batches.append(len(jobs))
        if len(batches) == 1:
            desk.scheduler.step()  # the other thread, meanwhile
        return run(jobs)

    desk.codec.run = nested  # type: ignore[method-assign]
    desk.scheduler.step()
    assert batches == [3, 3]


def test_a_stream_has_one_job_at_a_time(desk: Desk) -> None:
    desk.open("a", 2)
    run = desk.codec.run

    def nested(jobs: Sequence[Job]) -> list[np.ndarray]:
        assert desk.scheduler.step() == 0
        return run(jobs)

    desk.codec.run = nested  # type: ignore[method-assign]
    assert desk.scheduler.step() == 1


class HeldCodec(ToyCodec):
    """Every run waits until it is let go. entered: released once for each."""

    threads = 2

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Semaphore(0)
        self.go = threading.Event()
        self.names: set[str] = set()

    def enter_thread(self) -> None:
        self.names.add(threading.current_thread().name)

    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        self.entered.release()
        assert self.go.wait(WAIT_S)
        return super().run(jobs)


class AwaitedListener(Listener):
    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()

    def __call__(self, item: Decoded | Exception | None) -> None:
        super().__call__(item)
        if self.end:
            self.over.set()


@contextmanager
def started(codec: Codec) -> Iterator[CodecScheduler]:
    scheduler = CodecScheduler(codec)
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.close()


def test_threads_decode_until_it_is_closed() -> None:
    codec = HeldCodec()
    codec.go.set()
    heard = [AwaitedListener() for _ in range(6)]
    with started(codec) as scheduler:
        streams = [
            scheduler.open(codec.open(HOP, seed, VOICE), PlaybackClock(RATE), heard[seed])
            for seed in range(6)
        ]
        for step in range(30):
            for stream in streams:
                stream.push([(step,)])
        for stream in streams:
            stream.end()
        for listener in heard:
            assert listener.over.wait(WAIT_S)
    assert codec.names == {"codec-0", "codec-1"}
    for seed, listener in enumerate(heard):
        whole = decode(codec, [(step,) for step in range(30)], seed, VOICE)
        np.testing.assert_array_equal(listener.audio, to_int16(whole))


def test_both_threads_run_at_once() -> None:
    codec = HeldCodec()
    heard = [AwaitedListener() for _ in range(2)]
    with started(codec) as scheduler:
        for seed, listener in enumerate(heard):
            stream = scheduler.open(codec.open(HOP, seed, VOICE), PlaybackClock(RATE), listener)
            stream.push([(1,)])
            stream.end()
            assert codec.entered.acquire(timeout=WAIT_S)
        codec.go.set()
        assert all(listener.over.wait(WAIT_S) for listener in heard)


def test_a_codec_that_hangs_holds_up_nobody_else() -> None:
    """push, end, pause, resume, cancel and open return while both threads are stuck in it."""
    codec = HeldCodec()
    with started(codec) as scheduler:
        streams = []
        for seed in range(2):
            streams.append(
                scheduler.open(codec.open(HOP, seed, VOICE), PlaybackClock(RATE), Listener())
            )
            streams[-1].push([(1,)])
            assert codec.entered.acquire(timeout=WAIT_S)
        late = Listener()
        another = scheduler.open(codec.open(HOP, 2, VOICE), PlaybackClock(RATE), late)
        for stream in (*streams, another):
            stream.push([(1,)])
            stream.pause()
            stream.resume()
            stream.end()
            stream.cancel()
        assert scheduler.stats.batches == 2
        codec.go.set()
    assert late == Listener()


def test_nobody_decodes_the_next_before_the_last_has_been_delivered() -> None:
    """Else a second thread could overtake the first between taking a chunk and handing it out."""
    desk = Desk()
    order = []
    with ThreadPoolExecutor(1) as other:

        def deliver(item: Decoded | Exception | None) -> None:
            if not order:
                order.append("begun")
                wait([other.submit(desk.scheduler.step)], timeout=0.05)
            order.append("end" if item is None else "pcm")

        stream = desk.codec.open(HOP, 0, VOICE)
        scheduled = desk.scheduler.open(stream, PlaybackClock(RATE), deliver)
        scheduled.push([(1,)])
        scheduled.push([(2,)])
        scheduled.end()
        desk.scheduler.step()
    assert order == ["begun", "pcm", "pcm", "end"]


def test_the_end_does_not_overtake_the_last_chunk() -> None:
    desk = Desk()
    order = []
    with ThreadPoolExecutor(1) as other:

        def deliver(item: Decoded | Exception | None) -> None:
            if item is not None:
                wait([other.submit(scheduled.end)], timeout=0.05)
            order.append(item is None)

        stream = desk.codec.open(HOP, 0, VOICE)
        scheduled = desk.scheduler.open(stream, PlaybackClock(RATE), deliver)
        scheduled.push([(1,)])
        desk.scheduler.step()
    assert order == [False, True]
