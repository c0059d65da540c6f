"""One request being spoken: its pauses, however long it is, and what is reported of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tensorrt_tts.audio.pcm import AUDIBLE
from tensorrt_tts.codecs.base import Job, Window
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.errors import NoAudioError, TextError
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.speech_task import PREPARED_AHEAD
from tests.support.backend_double import Behaviour
from tests.support.toy_family import GLOBALS, STEP, OneByOne, ToyCodec
from tests.support.toy_speech import (
    BAD,
    OPTIONS,
    SEGMENTS,
    STEPS,
    TEXT,
    feed,
    heard,
    toy,
    turns,
    whole,
)


def with_pauses(pcm: np.ndarray, *pauses_s: float) -> np.ndarray:
    """Segments, and behind each but the last its silence made as long as `pauses_s` says."""
    parts = [*np.split(pcm, len(pauses_s) + 1)]
    for index, pause_s in enumerate(pauses_s):
        loud = np.flatnonzero(np.abs(parts[index].astype(int)) > AUDIBLE)
        quiet = len(parts[index]) - 1 - loud[-1]
        parts[index] = np.pad(parts[index], (0, max(0, round(pause_s * 16_000) - quiet)))
    return np.concatenate(parts)


@pytest.mark.parametrize("hop", [1, 3, 50])
async def test_pauses_are_by_rule(hop: int) -> None:
    first, second = TEXT.split(". ", 1)
    text = f"{first}.\n\n{second}"
    options = replace(
        OPTIONS, schedule=HopSchedule(hop=hop), sentence_pause_s=0.1, paragraph_pause_s=0.3
    )
    expected = with_pauses(await whole(), 0.3, 0.1)
    async with toy(options=options) as synthesizer:
        pcm, report = await synthesizer.synthesize(SpeechRequest(text, seed=3))
        np.testing.assert_array_equal(pcm, expected)
        speech = await synthesizer.open_fed(SpeechRequest("", seed=3))
        await feed(speech, text, 7)
        await speech.end()
        np.testing.assert_array_equal(await heard(speech), expected)
    assert report.pause_samples == len(expected) - SEGMENTS * STEPS * STEP
    assert report.samples == len(expected)


async def test_silence_that_the_model_left_counts() -> None:
    class Fading(ToyCodec):
        def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
            return [
                part * (window.origin < 15)
                for window, part in zip(jobs, super().run(jobs), strict=True)
                if isinstance(window, Window)
            ]

    async with toy(codec=Fading()) as synthesizer:
        plain, _ = await synthesizer.synthesize(SpeechRequest(TEXT, seed=3))
    for pause_s in (0.03, 0.5):
        options = replace(OPTIONS, sentence_pause_s=pause_s)
        async with toy(codec=Fading(), options=options) as synthesizer:
            pcm, _ = await synthesizer.synthesize(SpeechRequest(TEXT, seed=3))
        np.testing.assert_array_equal(pcm, with_pauses(plain, pause_s, pause_s))
        assert (len(pcm) == len(plain)) == (pause_s == 0.03)


async def test_one_sentence_has_no_pause_nor_has_one_that_was_cut() -> None:
    one = "This is but one sentence, which is longer than sixty characters, as it has to be here."
    options = replace(OPTIONS, sentence_pause_s=0.5, paragraph_pause_s=0.5)
    for text in (TEXT[:60], one):
        async with toy(options=options) as synthesizer:
            pcm, report = await synthesizer.synthesize(SpeechRequest(text, seed=3))
        assert report.pause_samples == 0
        assert len(pcm) == len(report.segments) * STEPS * STEP


LONG = replace(OPTIONS, max_characters=50_000)
MANY = 70


async def test_a_long_text_is_read_while_it_is_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = OneByOne()
    async with toy(backend, options=LONG) as synthesizer:
        request = SpeechRequest(f"{TEXT} " * MANY, seed=3)
        plan = await synthesizer.prepare(request)
        at_once = len(plan.segments)
        assert at_once < MANY * SEGMENTS / 2
        speech = synthesizer.start(plan, "a")
        waiting = []
        order = []
        async for chunk in speech:
            order.append(chunk.segment)
            waiting.append(speech._task._segments.qsize())
    assert order == sorted(order)
    assert len(speech.report.segments) == MANY * SEGMENTS
    assert [segment.text for segment in speech.report.segments[:3]] == [
        segment.text for segment in speech.report.segments[-3:]
    ]
    assert max(waiting) <= at_once + PREPARED_AHEAD


async def test_what_is_refused_late_is_told_after_what_could_be_said() -> None:
    async with toy(options=LONG) as synthesizer:
        speech = synthesizer.stream(SpeechRequest(f"{TEXT} " * MANY + BAD, seed=3))
        with pytest.raises(TextError, match="cannot read"):
            await heard(speech)
    assert len(speech.report.segments) > MANY * SEGMENTS / 2


async def test_a_cancel_drops_what_was_made_ahead() -> None:
    backend = OneByOne()
    async with toy(backend, options=replace(LONG, ahead_s=1.0)) as synthesizer:
        speech = synthesizer.stream(SpeechRequest(f"{TEXT} " * MANY, seed=3), "a")
        await anext(speech)
        await turns(2000)
        made = backend.stats().generated_tokens
        assert len(speech.report.segments) < 10  # a second ahead, and the one in progress
        await speech.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(speech)
        await turns()
        assert backend.stats().generated_tokens == made
        assert speech._task._reader is not None
        assert speech._task._reader.done()


async def test_what_was_left_out_is_in_the_report() -> None:
    text = f"{TEXT}\n\n* * *\n\nThe end of it all."
    async with toy() as synthesizer:
        _, report = await synthesizer.synthesize(SpeechRequest(text, seed=3))
        speech = await synthesizer.open_fed(SpeechRequest("", seed=3))
        await feed(speech, text, 9)
        await speech.end()
        await heard(speech)
    assert report.warnings == ["left out '* * *', which has nothing to speak"]
    assert speech.report.warnings == report.warnings
    assert report.normalized == speech.report.normalized == f"{TEXT} The end of it all."


async def test_a_codec_that_fails_ends_it_and_frees_the_backend() -> None:
    class Broken(ToyCodec):
        def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
            raise ValueError("broken")

    backend = OneByOne()
    async with toy(backend, Broken()) as synthesizer:
        with pytest.raises(ValueError, match="broken"):
            await heard(synthesizer.stream(SpeechRequest(TEXT)))
        assert backend.stats().running == 0


async def test_no_audio_is_an_error() -> None:
    async with toy(OneByOne(behaviour=Behaviour(frames=0))) as synthesizer:
        with pytest.raises(NoAudioError):
            await heard(synthesizer.stream(SpeechRequest(TEXT)))


async def test_the_report_is_of_what_was_heard() -> None:
    async with toy() as synthesizer:
        speech = synthesizer.stream(SpeechRequest(TEXT, seed=3))
        pcm = await heard(speech)
    report = speech.report
    assert (report.samples, report.sample_rate, report.chunks) == (len(pcm), 16_000, 60)
    assert report.audio_s == SEGMENTS * STEPS * 0.02
    assert (report.tokens, report.frames) == (SEGMENTS * (GLOBALS + STEPS), SEGMENTS * STEPS)


async def test_the_words_of_a_speech_in_the_spelling_that_was_sent() -> None:
    text = "I paid  Rs. 500 in the old town. You paid €20 there, as far as I know; it's fine."
    async with toy() as synthesizer:
        async with synthesizer.stream(SpeechRequest(text, seed=1)) as speech:
            known = 0
            async for _ in speech:
                assert len(speech.report.words) >= known
                known = len(speech.report.words)
        words = speech.report.words
    assert [word.text for word in words] == text.split()
    assert all(text[word.begin : word.end] == word.text for word in words)
    times = [time for word in words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= speech.report.audio_s


async def test_words_that_nobody_asks_for_are_not_followed() -> None:
    async with toy() as synthesizer:
        with_words, _ = await synthesizer.synthesize(SpeechRequest(TEXT, seed=3))
        speech = synthesizer.stream(SpeechRequest(TEXT, seed=3, words=False))
        np.testing.assert_array_equal(await heard(speech), with_words)
    assert speech.report.words == []
    timeline = speech._task._timeline
    assert len(timeline._segments) <= 1  # however long the text
    assert all(segment.loudness is None for segment in timeline._segments)


async def test_words_of_a_text_that_is_fed_count_through_all_of_it() -> None:
    async with toy() as synthesizer:
        speech = await synthesizer.open_fed(SpeechRequest("The first sentence ", seed=1))
        for piece in TEXT[len("The first sentence ") :].split(" "):
            await speech.feed(piece + " ")
        await speech.end()
        async with speech:
            async for _ in speech:
                pass
        words = speech.report.words
    assert [word.text for word in words] == TEXT.split()
    assert all(TEXT[word.begin : word.end] == word.text for word in words)
