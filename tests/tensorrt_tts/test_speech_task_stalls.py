"""A speech that hangs, and what only looks like it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tensorrt_tts.codecs.base import Job
from tensorrt_tts.errors import StalledError
from tensorrt_tts.speech import SpeechRequest
from tests.support.toy_family import STEP, OneByOne, ToyCodec
from tests.support.toy_speech import (
    OPTIONS,
    STEPS,
    TEXT,
    TIMEOUT_S,
    GatedBackend,
    heard,
    toy,
    turns,
    until,
    whole,
)
from tests.support.watchdog_time import WatchdogTime


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> WatchdogTime:
    return WatchdogTime.install(monkeypatch)


async def test_waiting_for_text_is_no_stall(clock: WatchdogTime) -> None:
    async with toy() as synthesizer:
        speech = await synthesizer.open_fed(SpeechRequest("", seed=3))
        await turns()
        clock.advance(1000)
        await speech.feed(TEXT[:100])
        parts = [(await anext(speech)).pcm for _ in range(STEPS)]
        await turns()
        clock.advance(1000)
        await speech.feed(TEXT[100:])
        await speech.end()
        parts.append(await heard(speech))
    np.testing.assert_array_equal(np.concatenate(parts), await whole())


async def test_a_pause_is_no_stall_and_its_end_neither(clock: WatchdogTime) -> None:
    backend = GatedBackend(7)
    async with toy(backend) as synthesizer:
        synthesizer.scheduler.clock = clock.monotonic
        speech = synthesizer.stream(SpeechRequest(TEXT, seed=3), "a")
        parts = [(await anext(speech)).pcm for _ in range(7)]
        speech.pause()
        backend.gate.set()
        await until(lambda: backend.ended == ["a-0"])
        clock.advance(1005)  # it looks again in five seconds
        speech.resume()
        clock.advance(9)
        parts.append(await heard(speech))
    np.testing.assert_array_equal(np.concatenate(parts), await whole())


async def test_a_listener_who_takes_nothing_is_no_stall(clock: WatchdogTime) -> None:
    options = replace(OPTIONS, ahead_s=0.1)
    backend = OneByOne()
    async with toy(backend, options=options) as synthesizer:
        speech = synthesizer.stream(SpeechRequest(TEXT, seed=3), "a")
        await until(lambda: speech.report.samples == STEPS * STEP)
        await turns()
        clock.advance(1000)
        assert backend.started == ["a-0"]
        np.testing.assert_array_equal(await heard(speech), await whole())


async def test_a_token_that_does_not_come_is_a_stall(clock: WatchdogTime) -> None:
    backend = GatedBackend(7)
    async with toy(backend) as synthesizer:
        speech = synthesizer.stream(SpeechRequest(TEXT, seed=3), "a")
        for _ in range(7):
            await anext(speech)
        clock.advance(11)
        with pytest.raises(StalledError, match="no token from backend 'double' for 10 s"):
            await anext(speech)
        assert backend.ended == ["a-0"]


class HungCodec(ToyCodec):
    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.go = threading.Event()

    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        self.entered.set()
        assert self.go.wait(TIMEOUT_S)
        return super().run(jobs)


async def test_audio_that_does_not_come_is_a_stall(clock: WatchdogTime) -> None:
    codec = HungCodec()
    async with toy(codec=codec) as synthesizer:
        synthesizer.scheduler.clock = clock.monotonic
        speech = synthesizer.stream(SpeechRequest(TEXT, seed=3))
        reader = asyncio.create_task(heard(speech))
        await until(codec.entered.is_set)
        await turns()
        clock.advance(11)
        with pytest.raises(StalledError, match="no audio from the codec for 10 s"):
            await reader
        codec.go.set()
