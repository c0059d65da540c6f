"""The scheduler on its threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.base import Codec, Job, decode
from tensorrt_tts.codecs.scheduler import CodecScheduler, Decoded
from tensorrt_tts.playback import PlaybackClock
from tests.support.codec_desk import HOP, VOICE, Desk
from tests.support.codec_listener import Listener
from tests.support.toy_family import RATE, STEP, ToyCodec

WAIT_S = 60.0
"""What takes so long hangs, on whatever machine."""


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
