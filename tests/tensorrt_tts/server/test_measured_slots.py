"""Decisions on numbers, and the measuring on an engine whose streams take time on a fake clock."""

import asyncio
import logging
import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.backends.base import Capacity
from tensorrt_tts.errors import BackendError, EngineDiedError, SettingError
from tensorrt_tts.server.measured_slots import (
    GROWTH,
    HEADROOM,
    Round,
    held,
    measured_slots,
    next_round,
)
from tensorrt_tts.server.settings import ServerSettings
from tensorrt_tts.stream_options import StreamOptions
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.double_synthesizer import double_synthesizer


def rounds(*pairs: tuple[int, float]) -> list[Round]:
    return [Round(streams, pace) for streams, pace in pairs]


@pytest.mark.parametrize(
    ("so_far", "most", "streams"),
    [
        ([], 16, 1),
        ([(1, 0.01)], 16, 4),  # no more than four times as many
        ([(1, 0.0)], 16, 4),  # nobody had to wait at all
        ([(1, 0.2), (4, 0.5)], 16, 7),  # 0.1 for each one more
        ([(1, 0.6), (2, 0.61)], 16, 8),  # most of it the same for any number
        ([(1, 0.6), (2, 0.58)], 64, 8),  # noise
        ([(1, 0.2), (4, 0.79)], 16, 5),  # at least one more
        ([(1, 0.2), (4, 0.5)], 5, 5),
        ([(1, 0.2), (4, 0.3)], 4, None),  # the engine holds no more
        ([(1, 0.9)], 16, None),
        ([(1, 0.2), (4, 0.9)], 16, 2),
        ([(1, 0.2), (4, 0.9), (2, 0.4)], 16, 3),
        ([(1, 0.2), (4, 0.9), (2, 0.4), (3, 0.7)], 16, None),
        ([(16, 0.5), (25, 1.2)], 64, 20),
        ([(16, 0.5), (25, 1.2), (20, 0.9), (18, 0.7)], 64, None),  # known to an eighth
    ],
)
def test_how_many_to_try_next(
    so_far: list[tuple[int, float]], most: int, streams: int | None
) -> None:
    assert next_round(rounds(*so_far), most) == streams


def test_what_held_is_below_all_that_did_not() -> None:
    assert held([]) == 0
    assert held(rounds((1, 1.2))) == 0
    assert held(rounds((1, 0.3), (4, 0.6))) == 4
    assert held(rounds((1, 0.3), (4, 0.81), (2, HEADROOM))) == 2
    assert held(rounds((1, 0.3), (3, 1.0), (4, 0.6))) == 1  # luck is no promise
    assert held(rounds((1, math.inf))) == 0


@given(st.integers(1, 300), st.integers(1, 300), st.floats(0.0, 0.9))
def test_it_finds_what_a_machine_carries(carries: int, most: int, flat: float) -> None:
    """Whose pace is partly the same for any number and for the rest grows with it: never more than
    it carries, no less than seven eighths of it, in a dozen rounds."""
    so_far: list[Round] = []
    while (streams := next_round(so_far, most)) is not None:
        share = flat + (1 - flat) * streams / carries
        so_far.append(Round(streams, HEADROOM * share))
    found, there = held(so_far), min(carries, most)
    assert 7 * there // 8 <= found <= there
    assert len(so_far) <= 12
    assert all(b.streams <= GROWTH * a.streams for a, b in pairwise(so_far))


class Clock:
    """Seconds that pass only when an engine says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Sharing(BackendDouble):
    """One engine for all its streams: each token of each takes a while of the clock."""

    def __init__(self, clock: Clock, token_s: float, most: int = 16, fails_at: int = 99) -> None:
        super().__init__(capacity=Capacity(most, 4096), behaviour=Behaviour(frames=12, interval=1))
        self.clock, self.token_s, self.fails_at = clock, token_s, fails_at
        self.at_once = 0
        self.decoding: Callable[[], bool] = lambda: False

    async def stream(self, prompt_ids, sampling, request_id):
        async for chunk in super().stream(prompt_ids, sampling, request_id):
            await self._heard()
            running = self.stats().running
            self.at_once = max(self.at_once, running)
            if running >= self.fails_at:
                raise BackendError("out of memory")
            self.clock.now += self.token_s
            yield chunk

    async def _heard(self) -> None:
        """Until what was generated is decoded and has been listened to: decoding takes none of this
        clock's time."""
        while self.decoding():  # noqa: ASYNC110  (a thread decodes)
            await asyncio.sleep(0)
        for _ in range(10):
            await asyncio.sleep(0)


def settings(slots: int | None = None, measure_s: float = 5.0) -> ServerSettings:
    return ServerSettings(_env_file=None, slots=slots, measure_s=measure_s)


async def measure(backend: Sharing, settings: ServerSettings) -> int:
    synthesizer: Synthesizer = double_synthesizer(backend, StreamOptions(), NullCodec())
    scheduler = synthesizer.scheduler

    def decoding() -> bool:
        with scheduler.changed:
            return any(one.running or one.stream.due for one in scheduler._open)

    backend.decoding = decoding
    try:
        slots = await measured_slots(settings, synthesizer, backend.clock)
        assert backend.stats().running == 0
        assert len(backend.started) == len(backend.ended)
        return slots
    finally:
        await synthesizer.close()


@pytest.mark.parametrize(("streams", "few", "many"), [(1, 1, 1), (3, 3, 4), (6, 5, 8)])
async def test_as_many_as_keep_up(streams: int, few: int, many: int) -> None:
    """Of an engine that makes so many seconds of speech in 0.8 s: to the tokens by which its
    streams are ahead of each other."""
    found = await measure(Sharing(Clock(), 0.8 / 82.03 / streams), settings(measure_s=60.0))
    assert few <= found <= many


async def test_never_more_than_the_engine_holds() -> None:
    backend = Sharing(Clock(), 1e-6, most=3)
    assert await measure(backend, settings()) == 3
    assert backend.at_once == 3


async def test_a_machine_too_slow_for_one_offers_one_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert await measure(Sharing(Clock(), 2 / 82.03), settings(measure_s=60.0)) == 1
    assert "not even one stream" in caplog.text


async def test_no_round_begins_after_its_time(caplog: pytest.LogCaptureFixture) -> None:
    class Tired(Sharing):
        async def stream(self, prompt_ids, sampling, request_id):
            try:
                async for chunk in super().stream(prompt_ids, sampling, request_id):
                    yield chunk
            finally:
                self.clock.now += 600

    with caplog.at_level(logging.INFO):
        backend = Tired(Clock(), 0.05 / 82.03)
        backend.behaviour = Behaviour(endless=True)  # over when its listener has heard enough
        slots = await measure(backend, settings(measure_s=300))
    assert slots == 1
    assert "seconds for each of speech: 1: 0." in caplog.text
    assert caplog.text.count(": 0.") == 1


async def test_one_hiccup_is_not_held_against_it() -> None:
    class Hiccup(Sharing):
        async def stream(self, prompt_ids, sampling, request_id):
            async for chunk in super().stream(prompt_ids, sampling, request_id):
                if len(self.started) == 1 and self.generated == 40:
                    self.clock.now += 5.0
                yield chunk

    assert await measure(Hiccup(Clock(), 1e-6, most=2), settings(measure_s=60.0)) == 2


async def test_a_round_that_fails_did_not_hold() -> None:
    assert await measure(Sharing(Clock(), 1e-6, fails_at=3), settings()) == 2


async def test_an_engine_that_dies_ends_the_start() -> None:
    backend = Sharing(Clock(), 1e-6)
    backend.behaviour = Behaviour(die_at=3)
    with pytest.raises(EngineDiedError):
        await measure(backend, settings())


@pytest.mark.parametrize(("asked", "warns"), [(2, False), (12, True)])
async def test_a_setting_wins_and_is_warned_of(
    asked: int, warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    backend = Sharing(Clock(), 0.8 / 82.03 / 4)
    assert await measure(backend, settings(slots=asked, measure_s=60.0)) == asked
    assert backend.at_once == asked
    assert len(backend.started) == asked * (2 if warns else 1)  # a round that was late, once more
    assert ("slots 12 is more than was measured" in caplog.text) == warns


async def test_without_time_a_setting_is_taken_as_it_is() -> None:
    backend = Sharing(Clock(), 1.0)
    assert await measure(backend, settings(slots=9, measure_s=0)) == 9
    assert backend.started == []
    with pytest.raises(SettingError, match="slots is not set and measure_s is 0; set --slots"):
        await measure(Sharing(Clock(), 1.0), settings(measure_s=0))


async def test_an_engine_that_hangs_is_left_in_time(caplog: pytest.LogCaptureFixture) -> None:
    backend = Sharing(Clock(), 1e-6)
    backend.behaviour = Behaviour(hang_at=30)
    slots = await asyncio.wait_for(measure(backend, settings(measure_s=0.2)), 60)
    assert slots == 1
    assert "not even one stream" in caplog.text
