"""Batching is invisible: any traffic of up to 64 streams, windowed and stateful, gives each of them
the audio that it has alone, and none waits beyond what the scheduler promises."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.checkpoint_folder import demo_folder
from tensorrt_tts.codecs.base import Job, Step, decode
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.scheduler import CodecScheduler, ScheduledStream
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.playback import PlaybackClock
from tests.support.codec_listener import Clock, Listener
from tests.support.examples import examples
from tests.support.snac_codecs import full_size_codec, tiny_codec


class CostlyCodec:
    """A codec whose every batch takes `cost` seconds of the clock."""

    threads = 1

    def __init__(self, codec: SnacCodec, clock: Clock, cost: float, max_batch: int) -> None:
        self.context, self.max_batch, self.open = codec.context, max_batch, codec.open
        self.enter_thread = codec.enter_thread
        self.batches = 0
        self._codec, self._clock, self._cost = codec, clock, cost

    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        assert len({job.shape for job in jobs}) == 1
        self.batches += 1
        self._clock.now += self._cost
        return self._codec.run(jobs)


class Caller:
    """One stream: what it will push, and what it hears."""

    def __init__(self, draw: random.Random, codec: SnacCodec, most_steps: int) -> None:
        size = codec.config.codebook_size
        self.steps: list[Step] = [
            tuple(draw.randrange(size) for _ in range(3))
            for _ in range(draw.randint(1, most_steps))
        ]
        self.seed = draw.getrandbits(40)
        self.stateful = draw.random() < 0.5
        # Mostly the usual schedule: streams that share one are batched.
        self.schedule = HopSchedule(
            hop=draw.choice([4, 4, 4, 1, 7]), first_hop=draw.choice([3, 3, 3, 1])
        )
        self.heard = Listener()
        self.pushed = 0
        self.cancelled = False
        self.place: ScheduledStream

    @property
    def over(self) -> bool:
        return self.cancelled or bool(self.heard.end)


class Traffic:
    """Callers who come, push, pause, resume and leave at random while batches are run."""

    def __init__(self, draw: random.Random, codec: SnacCodec, callers: int, steps: int) -> None:
        self.clock = Clock()
        cost, most = draw.choice([0.001, 0.02, 0.3]), draw.choice([1, 3, codec.max_batch])
        self.codec = CostlyCodec(codec, self.clock, cost, most)
        self.scheduler = CodecScheduler(self.codec, self.clock)
        self.to_come = [Caller(draw, codec, steps) for _ in range(callers)]
        self.here: list[Caller] = []
        self._draw = draw
        self._eager = draw.choice([0.1, 0.5, 0.9])  # how often the codec gets its turn
        self._waits: dict[Caller, tuple[int, set[Caller]]] = {}

    def run(self) -> None:
        draw = self._draw
        while self.to_come or self.here:
            self._hold_to_the_bound()
            if draw.random() < self._eager:
                self._step()
            elif self.to_come and draw.random() < 0.3:
                self._come(self.to_come.pop())
            elif self.here:
                self._act(draw.choice(self.here))
            self.clock.now += draw.choice([0.0, 0.0, 0.01, 0.1])
            self.here = [caller for caller in self.here if not caller.over]

    def _step(self) -> None:
        chunks = {caller: len(caller.heard.pcm) for caller in self.here}
        self.scheduler.step()
        for caller, before in chunks.items():
            if len(caller.heard.pcm) > before:
                self._waits.pop(caller, None)

    def _come(self, caller: Caller) -> None:
        stream = self.codec.open(caller.schedule, caller.seed, None, caller.stateful)
        playback = PlaybackClock(self.codec.context.sample_rate)
        caller.place = self.scheduler.open(stream, playback, caller.heard)
        self.here.append(caller)

    def _act(self, caller: Caller) -> None:
        draw, place = self._draw, caller.place
        what = draw.choice(["push"] * 12 + ["pause", "resume", "resume", "cancel"])
        if what == "pause":
            place.playback.pause(self.clock.now)
            place.pause()
        elif what == "resume":
            place.playback.resume(self.clock.now)
            place.resume()
        elif what == "cancel" and draw.random() < 0.2:
            place.cancel()
            caller.cancelled = True
        elif what == "push" and caller.pushed < len(caller.steps):
            count = draw.choice([1, 1, 2, 4, 9])
            place.push(caller.steps[caller.pushed : caller.pushed + count])
            caller.pushed += count
            if caller.pushed >= len(caller.steps):
                place.end()

    def _hold_to_the_bound(self) -> None:
        """Who has something due and nothing to play has to wait for no more batches than there were
        others open meanwhile."""
        for caller in self.here:
            place = caller.place
            dry_at = place.playback.dry_at
            hungry = dry_at is None or dry_at <= self.clock.now
            if caller.over or not place.stream.due or place.paused or not hungry:
                self._waits.pop(caller, None)
                continue
            since, others = self._waits.setdefault(caller, (self.codec.batches, set()))
            others.update(other for other in self.here if other is not caller)
            assert self.codec.batches - since <= len(others)


def assert_invisible(codec: SnacCodec, seed: int, callers: int, steps: int) -> None:
    traffic = Traffic(random.Random(seed), codec, callers, steps)
    everyone = list(traffic.to_come)
    traffic.run()
    for caller in everyone:
        alone = to_int16(decode(codec, caller.steps, caller.seed)).astype(int)
        heard = caller.heard.audio
        if caller.cancelled:
            alone = alone[: len(heard)]
        else:
            assert caller.heard.end == [None]
        assert len(heard) == len(alone)
        assert np.abs(heard - alone).max(initial=0) <= 1


@settings(max_examples=examples(12))
@given(seed=st.integers(0, 2**32), callers=st.integers(1, 64))
def test_every_stream_is_what_it_is_alone(seed: int, callers: int) -> None:
    assert_invisible(tiny_codec(), seed, callers, steps=40)


@settings(max_examples=examples(2))
@given(seed=st.integers(0, 2**32), callers=st.integers(2, 6))
def test_with_the_demo_voices_codec(seed: int, callers: int) -> None:
    codec = SnacCodec.from_folder(demo_folder("codec"))
    assert_invisible(codec, seed, callers, steps=20)


@settings(max_examples=examples(2))
@given(seed=st.integers(0, 2**32), callers=st.integers(2, 3))
def test_with_the_full_size_model(seed: int, callers: int) -> None:
    assert_invisible(full_size_codec(), seed, callers, steps=18)
