"""A speech whose text comes in pieces."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from tensorrt_tts.errors import InputError, TextError
from tensorrt_tts.speech import SpeechRequest
from tests.support.toy_speech import BAD, STEPS, TEXT, feed, heard, toy, turns, until, whole


@pytest.mark.parametrize("size", [1, 3, 20, 101, len(TEXT)])
@pytest.mark.parametrize("given", [0, 30, len(TEXT)])
async def test_any_pieces_sound_as_the_whole_text(size: int, given: int) -> None:
    async with toy() as synthesizer:
        speech = await synthesizer.open_fed(SpeechRequest(TEXT[:given], seed=3))
        await feed(speech, TEXT[given:], size)
        await speech.end()
        np.testing.assert_array_equal(await heard(speech), await whole())
    assert [len(segment.text) for segment in speech.report.segments] == [60, 53, 48]


async def test_it_speaks_while_its_text_is_still_coming() -> None:
    async with toy() as synthesizer:
        speech = await synthesizer.open_fed(SpeechRequest("", seed=3))
        await speech.feed(TEXT[:100])
        parts = [(await anext(speech)).pcm for _ in range(STEPS)]  # the first segment
        waiting = asyncio.create_task(anext(speech))
        await turns()
        assert not waiting.done()
        await speech.feed(TEXT[100:])
        await speech.end()
        parts += [(await waiting).pcm, await heard(speech)]
    np.testing.assert_array_equal(np.concatenate(parts), await whole())


async def test_a_flush_is_spoken_at_once() -> None:
    async with toy() as synthesizer:
        speech = await synthesizer.open_fed(SpeechRequest("", seed=3))
        await speech.feed("One moment", flush=True)
        assert [(await anext(speech)).segment for _ in range(STEPS)] == [0] * STEPS
        await speech.feed("please.")
        await speech.end()
        await heard(speech)
    assert [segment.text for segment in speech.report.segments] == ["One moment.", "please."]


@pytest.mark.parametrize("bad", [BAD, "<|nobody|> is there. " + BAD, "x" * 9999])
async def test_a_refused_piece_leaves_what_came_before_whole(bad: str) -> None:
    async with toy() as synthesizer:
        speech = await synthesizer.open_fed(SpeechRequest(TEXT[:100], seed=3))
        with pytest.raises(TextError):
            await speech.feed(bad)
        await speech.feed(TEXT[100:])
        await speech.end()
        np.testing.assert_array_equal(await heard(speech), await whole())


async def test_no_text_after_the_end() -> None:
    async with toy() as synthesizer:
        speech = await synthesizer.open_fed(SpeechRequest(TEXT, seed=3))
        await speech.end()
        for call in (speech.feed("More."), speech.end()):
            with pytest.raises(InputError, match="text has ended"):
                await call
        np.testing.assert_array_equal(await heard(speech), await whole())


async def test_a_whole_text_takes_no_more() -> None:
    async with toy() as synthesizer, synthesizer.stream(SpeechRequest(TEXT)) as speech:
        for call in (speech.feed("More."), speech.end()):
            with pytest.raises(InputError, match=r"open one to feed with Synthesizer\.open_fed"):
                await call


async def test_nothing_was_ever_fed() -> None:
    async with toy() as synthesizer:
        async with await synthesizer.open_fed(SpeechRequest("")) as speech:
            with pytest.raises(TextError, match="nothing to speak"):
                await speech.end()
            waiting = asyncio.create_task(heard(speech))
            await turns()
            assert not waiting.done()
        assert len(await waiting) == 0
        assert synthesizer.backend.stats().generated_tokens == 0
        assert not synthesizer._running


async def test_a_refused_beginning_leaves_nothing_running() -> None:
    async with toy() as synthesizer:
        with pytest.raises(TextError):
            await synthesizer.open_fed(SpeechRequest(BAD))
        await until(lambda: not synthesizer._running)


async def test_text_for_a_speech_that_was_left_is_not_spoken() -> None:
    async with toy() as synthesizer:
        speech = await synthesizer.open_fed(SpeechRequest("", seed=3))
        await speech.aclose()
        await speech.feed(TEXT)
        await speech.end()
        await turns()
        assert synthesizer.backend.stats().generated_tokens == 0
