"""One request being spoken: fed, paused, resumed, cancelled, and what is said when it hangs."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from tensorrt_tts.audio.pcm import AUDIBLE
from tensorrt_tts.backends.base import Prompt, Sampling, TokenChunk
from tensorrt_tts.codecs.base import Job, Window
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.errors import InputError, NoAudioError, StalledError, TextError
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.speech_task import PREPARED_AHEAD, Speech
from tensorrt_tts.stream_options import StreamOptions
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.toy_family import GLOBALS, STEP, OneByOne, ToyCodec, toy_synthesizer
from tests.support.watchdog_time import WatchdogTime

TEXT = (
    "The first sentence is quite long enough to stand here alone. The second one is about as "
    "long as the first one was. And the third of them ends what there is to say."
)
SEGMENTS = 3
STEPS = 20
"""Of each segment."""
BAD = "Für den Fall, dass: nobody can read this sentence at all. Nor is there one behind it."
OPTIONS = StreamOptions(
    schedule=HopSchedule(hop=1), stall_s=10.0, sentence_pause_s=0.0, paragraph_pause_s=0.0
)
"""Every step is a chunk, and all audio is the model's."""
TIMEOUT_S = 60.0
"""What takes so long hangs, on whatever machine."""


class GatedBackend(OneByOne):
    """Holds each stream back after so many steps until the gate is opened."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self._before = GLOBALS + steps

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncIterator[TokenChunk]:
        count = 0
        async with contextlib.aclosing(super().stream(prompt, sampling, request_id)) as chunks:
            async for chunk in chunks:
                if count == self._before:
                    await self.gate.wait()
                count += len(chunk.ids)
                yield chunk


@contextlib.asynccontextmanager
async def toy(
    backend: BackendDouble | None = None,
    codec: ToyCodec | None = None,
    options: StreamOptions = OPTIONS,
) -> AsyncIterator[Synthesizer]:
    backend = backend or BackendDouble()
    backend.behaviour = replace(backend.behaviour, interval=1)
    synthesizer = toy_synthesizer(backend, options, codec)
    try:
        yield synthesizer
    finally:
        await synthesizer.close()


async def until(condition: Callable[[], object]) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < TIMEOUT_S
        await asyncio.sleep(0)


async def turns(count: int = 200) -> None:
    """Whatever can happen in the loop without anything from outside happens."""
    for _ in range(count):
        await asyncio.sleep(0)


async def heard(speech: Speech) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.int16), *[chunk.pcm async for chunk in speech]])


async def whole(text: str = TEXT, seed: int = 3) -> np.ndarray:
    async with toy() as synthesizer:
        pcm, report = await synthesizer.synthesize(SpeechRequest(text, seed=seed))
    assert len(pcm) == len(report.segments) * STEPS * STEP
    return pcm


async def feed(speech: Speech, text: str, size: int) -> None:
    for start in range(0, len(text), size):
        await speech.feed(text[start : start + size])


# Fed.


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


# Pauses between segments.


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


# Long.


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


# Left out.


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


# Paused.


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


# Cancelled.


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


# Hangs, or not.


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


# Ends.


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
