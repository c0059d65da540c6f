"""A speech that is paused, resumed or cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.speech_task import Speech
from tests.support.toy_family import GLOBALS, STEP, OneByOne, ToyCodec
from tests.support.toy_speech import (
    SEGMENTS,
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


async def test_paused_at_once_nothing_is_decoded() -> None:
    backend, codec = OneByOne(), ToyCodec()
    async with toy(backend, codec) as synthesizer:
        speech = synthesizer.stream(SpeechRequest(TEXT, seed=3), "a")
        speech.pause()
        assert backend.started == []
        waiting = asyncio.create_task(anext(speech))
        await turns()
        assert (backend.started, codec.batches, waiting.done()) == ([], [], False)
        speech.resume()
        parts = [(await waiting).pcm, await heard(speech)]
    np.testing.assert_array_equal(np.concatenate(parts), await whole())


@pytest.mark.parametrize("steps", [1, 7, STEPS - 1])
async def test_paused_within_a_segment(steps: int) -> None:
    """The language model finishes the segment; no step of the rest is decoded, nor is the next
    segment begun; what follows is what would have come."""
    backend, codec = GatedBackend(steps), ToyCodec()
    async with toy(backend, codec) as synthesizer:
        speech = synthesizer.stream(SpeechRequest(TEXT, seed=3), "a")
        parts = [(await anext(speech)).pcm for _ in range(steps)]
        speech.pause()
        speech.pause()
        backend.gate.set()
        await until(lambda: backend.ended == ["a-0"])
        waiting = asyncio.create_task(anext(speech))
        await turns()
        assert speech.report.segments[0].tokens == GLOBALS + STEPS
        assert (len(codec.batches), backend.started, waiting.done()) == (steps, ["a-0"], False)
        speech.resume()
        speech.resume()
        parts += [(await waiting).pcm, await heard(speech)]
    np.testing.assert_array_equal(np.concatenate(parts), await whole())


async def test_paused_between_segments_the_next_is_not_begun() -> None:
    backend = OneByOne()
    async with toy(backend) as synthesizer:
        speech = await synthesizer.open_fed(SpeechRequest(TEXT[:100], seed=3), "a")
        parts = [(await anext(speech)).pcm for _ in range(STEPS)]
        speech.pause()
        await speech.feed(TEXT[100:])
        await speech.end()
        await turns()
        assert backend.started == ["a-0"]
        speech.resume()
        parts.append(await heard(speech))
    np.testing.assert_array_equal(np.concatenate(parts), await whole())


async def test_what_was_decoded_already_is_held_back() -> None:
    async with toy() as synthesizer:
        speech = synthesizer.stream(SpeechRequest(TEXT, seed=3))
        await until(lambda: speech.report.samples == SEGMENTS * STEPS * STEP)
        speech.pause()
        waiting = asyncio.create_task(heard(speech))
        await turns()
        assert not waiting.done()
        speech.resume()
        np.testing.assert_array_equal(await waiting, await whole())


async def test_one_paused_speech_holds_up_no_other() -> None:
    async with toy() as synthesizer:
        paused = synthesizer.stream(SpeechRequest(TEXT, seed=3))
        paused.pause()
        np.testing.assert_array_equal(
            await heard(synthesizer.stream(SpeechRequest(TEXT, seed=3))), await whole()
        )
        await paused.aclose()


async def cancelled_within_a_segment(leave: Callable[[Speech], object]) -> None:
    backend, codec = GatedBackend(7), ToyCodec()
    async with toy(backend, codec) as synthesizer:
        speech = synthesizer.stream(SpeechRequest(TEXT, seed=3), "a")
        await anext(speech)
        leave(speech)
        reader = asyncio.create_task(heard(speech))
        await turns()
        await speech.aclose()
        await asyncio.wait_for(reader, TIMEOUT_S)
        assert backend.ended == ["a-0"]
        assert (backend.stats().running, len(synthesizer.scheduler._open)) == (0, 0)
        with pytest.raises(StopAsyncIteration):
            await anext(speech)


async def test_cancelled_within_a_segment() -> None:
    await cancelled_within_a_segment(lambda speech: None)


async def test_cancelled_while_paused() -> None:
    await cancelled_within_a_segment(Speech.pause)


async def test_cancelled_while_paused_it_hands_out_no_more() -> None:
    async with toy() as synthesizer:
        speech = synthesizer.stream(SpeechRequest(TEXT, seed=3))
        await until(lambda: speech.report.samples == SEGMENTS * STEPS * STEP)
        speech.pause()
        waiting = asyncio.create_task(heard(speech))
        await turns()
        await speech.aclose()
        assert len(await waiting) == 0
