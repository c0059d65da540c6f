"""A request without a socket: what every protocol builds on."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.errors import (
    BackendError,
    CapacityError,
    EngineDiedError,
    SlowReaderError,
    TTSError,
    UnknownVoiceError,
)
from tensorrt_tts.server.context import Caller, ClientGoneError, Context
from tensorrt_tts.server.service import Service
from tensorrt_tts.server.settings import ServerSettings
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.stream_options import StreamOptions
from tensorrt_tts.words import Word
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.codec_conformance import assert_same
from tests.support.double_synthesizer import double_synthesizer

HELLO = SpeechRequest("Hello.", seed=1)
ENDLESS = Behaviour(endless=True, rate=1000)


@asynccontextmanager
async def serving(
    behaviour: Behaviour | None = None, stop_s: float = 60.0, **changes: Any
) -> AsyncIterator[Service]:
    settings = ServerSettings(_env_file=None, **({"slots": 1, "max_queued": 1} | changes))
    backend = BackendDouble(behaviour=behaviour or Behaviour(frames=6))
    synthesizer = double_synthesizer(backend, StreamOptions(stop_s=stop_s), NullCodec())
    service = Service(settings, synthesizer)
    yield service
    assert (service.slots.active, service.slots.queued) == (0, 0)
    assert backend.stats().running == 0
    await synthesizer.close()


def counted(service: Service, outcome: str) -> float:
    """How many requests ended so."""
    labels = {"outcome": outcome}
    return service.metrics.registry.get_sample_value("tts_requests_total", labels) or 0.0


async def listen(context: Context) -> np.ndarray:
    async with context:
        return np.concatenate([chunk.pcm async for chunk in context])


async def turn() -> None:
    await asyncio.sleep(0)


async def test_the_audio_and_what_became_of_it(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as service:
        expected, _ = await service.synthesizer.synthesize(HELLO)
        caller = Caller()
        context = service.speak(HELLO, caller)
        assert caller.contexts == [context]
        with caplog.at_level(logging.INFO):
            assert_same(await listen(context), expected)
        assert caller.contexts == []
        assert (context.outcome, context.samples) == ("completed", len(expected))
        assert context.report is not None
        assert context.report.chunks == context.chunks > 0
        assert counted(service, "completed") == 1
        assert "completed: 6 characters" in caplog.text
        assert "Hello" not in caplog.text  # the text is the client's


async def test_what_was_not_passed_on_is_not_counted() -> None:
    async with serving(ENDLESS) as service:
        context = service.speak(HELLO, Caller())
        sizes = []

        async def send() -> None:
            async with context:
                async for chunk in context:
                    sizes.append(len(chunk.pcm))
                    if len(sizes) == 2:
                        raise SlowReaderError("it took nothing")

        with pytest.raises(SlowReaderError):
            await send()
        assert (context.samples, context.chunks) == (sizes[0], 1)
        assert context.outcome == "slow_reader"


@pytest.mark.parametrize("when", ["before", "waiting", "speaking", "passing on"])
async def test_a_cancel_ends_the_block_without_an_error(when: str) -> None:
    async with serving(ENDLESS) as service:
        other = service.speak(HELLO, Caller())
        context = service.speak(HELLO, Caller())
        heard = 0

        async def speak() -> None:
            nonlocal heard
            async with context:
                async for _ in context:
                    heard += 1
                    if when == "passing on":
                        await asyncio.Event().wait()

        if when == "waiting":
            await other.__aenter__()
        if when == "before":
            context.cancel()
        task = asyncio.create_task(speak())
        if when == "waiting":
            while not service.slots.queued:
                await turn()
        while when in ("speaking", "passing on") and not heard:
            await turn()
        context.cancel()
        context.cancel()
        await task
        assert context.outcome == "cancelled"
        assert bool(heard) == (when in ("speaking", "passing on"))
        assert counted(service, "cancelled") == 1
        if when == "waiting":
            await other.__aexit__(None, None, None)
        else:
            other.settle("disconnected")


async def test_whoever_leaves_early_has_cancelled() -> None:
    async with serving(ENDLESS) as service:
        context = service.speak(HELLO, Caller())
        async with context:
            async for _ in context:
                break
        assert context.outcome == "cancelled"


@pytest.mark.parametrize(
    ("request_", "behaviour", "error"),
    [
        (SpeechRequest("Hello.", "nobody"), None, UnknownVoiceError),
        (HELLO, Behaviour(fail_at=30), BackendError),
        (HELLO, Behaviour(die_at=30), EngineDiedError),
    ],
)
async def test_errors_come_out_and_are_counted(
    request_: SpeechRequest, behaviour: Behaviour | None, error: type[TTSError]
) -> None:
    async with serving(behaviour) as service:
        context = service.speak(request_, Caller())
        with pytest.raises(error):
            await listen(context)
        assert context.outcome == error.code
        assert counted(service, error.code) == 1
        assert service.health.live == (error is not EngineDiedError)


async def test_full_is_refused_before_the_text_is_read() -> None:
    async with serving(ENDLESS, max_queued=0) as service, service.speak(HELLO, Caller()):
        context = service.speak(SpeechRequest("Hello.", "nobody"), Caller())
        with pytest.raises(CapacityError):
            await listen(context)
        assert context.outcome == "overloaded"


async def test_what_nobody_has_foreseen_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as service:
        context = service.speak(HELLO, Caller())
        with pytest.raises(TTSError, match=r"the server failed \(ZeroDivisionError\); try again"):
            async with context:
                raise ZeroDivisionError
        assert context.outcome == "internal_error"
        assert "unforeseen" in caplog.text


@pytest.mark.parametrize("end", ["gone", "cancelled task"])
async def test_only_the_protocol_knows_why_a_client_left(end: str) -> None:
    async with serving(ENDLESS) as service:
        caller = Caller()
        context = service.speak(HELLO, caller)

        async def speak() -> None:
            async with context:
                async for _ in context:
                    if end == "gone":
                        raise ClientGoneError
                    task.cancel()

        task = asyncio.create_task(speak())
        await asyncio.wait([task])
        assert service.slots.active == 0
        assert (context.outcome, caller.contexts) == (None, [context])
        context.settle("disconnected")
        context.settle("cut")
        assert (context.outcome, caller.contexts) == ("disconnected", [])
        assert counted(service, "disconnected") == 1
        assert counted(service, "cut") == 0


async def test_an_engine_that_does_not_let_go_is_told_of() -> None:
    async with serving(Behaviour(hang_at=30, deaf=True), stop_s=0.05) as service:
        backend = service.synthesizer.backend
        assert isinstance(backend, BackendDouble)
        context = service.speak(HELLO, Caller())

        async def speak() -> None:
            async with context:
                while backend.generated < 30:
                    await turn()
                context.cancel()
                async for _ in context:
                    pass

        with pytest.raises(EngineDiedError, match="did not stop a stream"):
            await speak()
        assert context.outcome == "engine_died"
        assert not service.health.live
        backend.die()
        while backend.stats().running:
            await turn()


class Clock:
    """What a context takes the time from."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        time = SimpleNamespace(perf_counter=lambda: self.now)
        monkeypatch.setattr("tensorrt_tts.server.context.time", time)


@asynccontextmanager
async def speaking(clock: Clock, words: int) -> AsyncIterator[Context]:
    """A context that has given out everything at once, one word each second from 0.5 s on."""
    async with serving(Behaviour(frames=60)) as service:
        text = " ".join(f"word{number}" for number in range(words))
        context = service.speak(SpeechRequest(text, seed=1), Caller())
        async with context:
            async for _ in context:
                assert context.report is not None
                context.report.timeline = told(text)
            yield context


def told(text: str) -> Any:
    words = [
        Word(found[0], at + 0.5, at + 1.5, *found.span(), True)
        for at, found in enumerate(re.finditer(r"\S+", text))
    ]
    return SimpleNamespace(words=words[:2], estimates=lambda: words)


async def test_what_was_heard_follows_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    async with speaking(clock, 5) as context:
        assert context.samples > 4 * 24_000
        assert context.heard() == ""
        clock.now += 0.99
        assert context.heard() == ""
        clock.now += 0.02
        assert context.heard() == "word0"
        clock.now += 2.0
        assert [word.text for word in context.heard_words()] == ["word0", "word1", "word2"]
    clock.now += 1.0
    assert context.heard() == "word0 word1 word2 word3"
    clock.now += 1000.0
    assert context.heard() == "word0 word1 word2 word3 word4"


async def test_after_a_cancel_nothing_more_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    async with speaking(clock, 5) as context:
        clock.now += 2.2
        context.cancel()
        clock.now += 2.0
        context.cancel()
        assert context.heard() == "word0 word1"
    clock.now += 2.0
    assert context.heard() == "word0 word1"


async def test_nor_after_the_block_was_left_early(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    async with serving(Behaviour(frames=60)) as service:
        context = service.speak(SpeechRequest("word0 word1 word2", seed=1), Caller())
        async with context:
            async for _ in context:
                if context.samples > 3 * 24_000:
                    break
            assert context.report is not None
            context.report.timeline = told("word0 word1 word2")
            clock.now += 1.2
        clock.now += 5.0
        assert context.heard() == "word0"


async def test_words_are_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with speaking(Clock(monkeypatch), 4) as context:
        assert [word.text for word in context.words()] == ["word0", "word1"]
        assert context.words() == []
        assert context.report is not None
        context.report.timeline = told("word0 word1 more")
        assert context.words() == []


async def test_nothing_is_heard_of_what_never_began() -> None:
    async with serving() as service:
        context = service.speak(HELLO, Caller())
        context.cancel()
        assert (context.words(), context.heard_words(), context.heard()) == ([], [], "")
        context.settle("disconnected")


async def test_what_is_kept_back_is_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of it, of what was given out at once: the listener's clock begins with the rest."""
    clock = Clock(monkeypatch)
    text = " ".join(f"word{number}" for number in range(5))
    async with serving(Behaviour(frames=60)) as service:
        context = service.speak(SpeechRequest(text, seed=1), Caller())
        async with context:
            async for _ in context:
                context.keep(24_000)
            assert context.report is not None
            context.report.timeline = told(text)
            whole = context.samples + 24_000
            assert context.sent_s == pytest.approx(whole / 24_000 - 1)
            clock.now += 1000.0
            assert context.heard() == "word0 word1 word2 word3"  # the last one begins behind it
            context.keep(0)
            assert context.samples == whole
            assert context.heard() == "word0 word1 word2 word3"
            clock.now += 1.0
            assert context.heard() == text
    assert context.chunks > 1


async def test_nothing_is_heard_while_all_is_kept_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    text = "word0 word1 word2 word3 word4"
    async with serving(Behaviour(frames=60)) as service:
        context = service.speak(SpeechRequest(text, seed=1), Caller())
        given = 0
        async with context:
            async for chunk in context:
                given += len(chunk.pcm)
                context.keep(given)
            assert context.report is not None
            context.report.timeline = told(text)
            clock.now += 3.0  # so long nothing has been on its way
            assert (context.samples, context.heard()) == (0, "")
            context.keep(0)
            clock.now += 1.01
            assert context.heard() == "word0"
