"""A codec's scheduler on a test's own clock, one step at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tensorrt_tts.codecs.base import Codec, Job
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.scheduler import CodecScheduler, ScheduledStream
from tensorrt_tts.playback import PlaybackClock
from tests.support.codec_listener import Clock, Listener
from tests.support.toy_family import RATE, STEP, ToyCodec

HOP = HopSchedule(hop=1)
VOICE = (3, 1, 4, 1)


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
