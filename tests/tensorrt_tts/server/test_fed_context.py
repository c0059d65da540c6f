"""A request whose text comes in pieces, without a socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.errors import (
    InputError,
    RateLimitError,
    SettingError,
    TextError,
    TTSError,
    UnknownVoiceError,
)
from tensorrt_tts.server.context import Caller
from tensorrt_tts.server.fed_context import FedContext
from tensorrt_tts.server.identity import IDENTITY, Identity, KeyLimits
from tensorrt_tts.server.service import Service
from tensorrt_tts.server.settings import ServerSettings
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.stream_options import StreamOptions
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.double_synthesizer import double_synthesizer

REQUEST = SpeechRequest("", seed=1)
TEXT = "The first sentence is quite long enough to stand here alone. The second one is as long. "
BAD = "Ein überaus langes\ud800 Wort."
TIMEOUT_S = 60.0


@asynccontextmanager
async def serving(
    behaviour: Behaviour | None = None, **changes: Any
) -> AsyncIterator[tuple[Service, BackendDouble]]:
    settings = ServerSettings(_env_file=None, **({"slots": 1, "max_queued": 1} | changes))
    backend = BackendDouble(behaviour=behaviour or Behaviour(frames=6))
    synthesizer = double_synthesizer(backend, StreamOptions(stop_s=TIMEOUT_S), NullCodec())
    service = Service(settings, synthesizer)
    async with asyncio.timeout(TIMEOUT_S):
        yield service, backend
    assert (service.slots.active, service.slots.queued) == (0, 0)
    assert backend.stats().running == 0
    await synthesizer.close()


def fed(service: Service, text: str) -> FedContext:
    context = service.speak_fed(REQUEST, Caller())
    context.feed(text)
    return context


async def listen(context: FedContext) -> np.ndarray:
    parts = [np.zeros(0, np.int16)]
    async with context:
        async for chunk in context:
            parts.append(chunk.pcm)
    return np.concatenate(parts)


async def turns(count: int = 200) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await turns(1)


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_pieces_are_spoken_as_the_whole(size: int) -> None:
    async with serving() as (service, _):
        expected, _ = await service.synthesizer.synthesize(SpeechRequest(TEXT, seed=1))
        context = fed(service, TEXT[:size])
        task = asyncio.create_task(listen(context))
        for start in range(size, len(TEXT), size):
            context.feed(TEXT[start : start + size])
            await asyncio.sleep(0)
        context.end()
        context.end()
        assert np.array_equal(await task, expected)
        assert (context.outcome, context.characters) == ("completed", len(TEXT))


async def test_no_slot_is_held_before_there_is_something_to_say() -> None:
    async with serving() as (service, _):
        context = service.speak_fed(REQUEST, Caller())
        task = asyncio.create_task(listen(context))
        for piece in ("", " ", "\n"):
            context.feed(piece)
            await turns()
            assert service.slots.active == 0
        context.feed("Oh.")
        await until(lambda: service.slots.active)
        context.end()
        assert len(await task)


@pytest.mark.parametrize("pieces", [(), ("",), (" ", "\n", " ")])
async def test_where_nothing_came_it_is_done(pieces: tuple[str, ...]) -> None:
    async with serving() as (service, backend):
        context = service.speak_fed(REQUEST, Caller())
        for piece in pieces:
            context.feed(piece)
        context.end()
        assert len(await listen(context)) == 0
        assert (context.outcome, context.report) == ("completed", None)
        assert backend.generated == 0


@pytest.mark.parametrize("pieces", [("…",), (" ", "?", "! "), ("👍",), ("(", "—", ")\n")])
@pytest.mark.parametrize("flush", [False, True])
async def test_where_nothing_came_that_can_be_spoken_it_is_done(
    pieces: tuple[str, ...], flush: bool
) -> None:
    async with serving() as (service, backend):
        context = service.speak_fed(REQUEST, Caller())
        for piece in pieces:
            context.feed(piece, flush)
        context.end()
        assert len(await listen(context)) == 0
        assert (context.outcome, backend.generated) == ("completed", 0)
        assert not flush or context.flushed_at(len(pieces) - 1) == 0


async def test_flush_speaks_what_has_come() -> None:
    async with serving() as (service, _):
        context = service.speak_fed(REQUEST, Caller())
        context.feed("Not yet a", flush=True)
        async with context:
            assert len((await anext(context)).pcm)
            context.feed(" sentence.")
            context.end()
            assert [chunk async for chunk in context]
        assert context.report is not None
        assert [segment.text for segment in context.report.segments] == ["Not yet a.", "sentence."]


@pytest.mark.parametrize("text", ["", TEXT])
async def test_text_that_stops_coming_has_ended(text: str) -> None:
    async with serving(text_timeout_s=0.05) as (service, _):
        context = fed(service, text)
        assert bool(len(await listen(context))) == bool(text)
        assert (context.outcome, context.ended) == ("completed", True)
        with pytest.raises(InputError, match="has ended; open another"):
            context.feed("more")


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (SpeechRequest("", "nobody"), UnknownVoiceError),
        (SpeechRequest("", temperature=-1.0), SettingError),
    ],
)
async def test_what_can_be_refused_at_once_is(
    request_: SpeechRequest, error: type[TTSError]
) -> None:
    async with serving() as (service, _):
        caller = Caller()
        with pytest.raises(error):
            service.speak_fed(request_, caller)
        assert caller.contexts == []


async def test_no_more_contexts_than_a_caller_may_have() -> None:
    async with serving(max_pending=1) as (service, _):
        caller = Caller()
        context = service.speak_fed(REQUEST, caller)
        with pytest.raises(RateLimitError, match="not answered yet"):
            service.speak_fed(REQUEST, caller)
        context.settle("disconnected")


async def test_too_much_text_is_refused_and_the_rest_is_spoken() -> None:
    async with serving(max_characters=100) as (service, _):
        context = fed(service, TEXT)
        with pytest.raises(TextError, match="100; open another"):
            context.feed(TEXT)
        context.end()
        assert len(await listen(context))
        assert context.characters == len(TEXT)


@pytest.mark.parametrize("before", ["", TEXT])
async def test_a_piece_that_cannot_be_spoken_ends_it_with_its_error(before: str) -> None:
    async with serving() as (service, _):
        context = fed(service, before)
        context.feed(BAD)
        with pytest.raises(TextError):
            await listen(context)
        assert context.outcome == TextError.code


@pytest.mark.parametrize("when", ["no text", "speaking"])
async def test_cancel(when: str) -> None:
    async with serving(Behaviour(endless=True, rate=1000)) as (service, _):
        context = service.speak_fed(REQUEST, Caller())
        task = asyncio.create_task(listen(context))
        if when == "speaking":
            context.feed(TEXT)
            await until(lambda: context.chunks)
        context.cancel()
        await task
        assert context.outcome == "cancelled"


async def test_who_stops_listening_costs_no_more_than_the_lead() -> None:
    """6 frames are 0.5 s: with a lead of 0 only one segment is made, however many have come."""
    async with serving(Behaviour(frames=6), lead_s=0) as (service, backend):
        context = fed(service, TEXT * 20)
        async with context:
            await anext(context)
            await until(lambda: context._stream.unspoken_s > 1 and backend.generated >= 6 * 7)
            await turns()
            assert backend.generated == 6 * 7
            context.cancel()
            assert [chunk async for chunk in context] == []
        saved = service.metrics.registry.get_sample_value("tts_saved_audio_seconds_total")
        assert saved is not None
        assert saved > 1


async def test_pause_holds_back_audio_until_resume() -> None:
    async with serving() as (service, _):
        context = fed(service, TEXT)
        context.end()
        context.pause()
        async with context:
            waiting = asyncio.ensure_future(anext(context))
            await turns(500)
            assert not waiting.done()
            context.resume()
            assert len((await waiting).pcm)
            assert [chunk async for chunk in context]
        assert context.outcome == "completed"


# Limits of its caller's key


def fed_by_key(service: Service, streams: int | None, characters: int | None) -> FedContext:
    token = IDENTITY.set(Identity("alice", "/there", KeyLimits(streams, characters)))
    try:
        return service.speak_fed(REQUEST, Caller())
    finally:
        IDENTITY.reset(token)


async def test_pieces_count_for_the_key_as_they_are_read() -> None:
    async with serving() as (service, _):
        context = fed_by_key(service, None, 1000)
        context.feed(TEXT)
        context.feed(TEXT)
        context.end()
        assert len(await listen(context)) > 0
        left = service.key_usage.headers(context.identity)["X-RateLimit-Remaining-Characters"]
        assert 1000 - 2 * len(TEXT) <= int(left) < 1000 - 2 * len(TEXT) + 100


@pytest.mark.parametrize("limit", [len(TEXT), len(TEXT) + 10])
async def test_a_piece_too_many_ends_it(limit: int) -> None:
    async with serving() as (service, _):
        context = fed_by_key(service, None, limit)
        for _ in range(2):
            context.feed(TEXT)
        with pytest.raises(RateLimitError, match="key 'alice' has"):
            await listen(context)
        assert context.outcome == "rate_limited"


async def test_streams_of_one_key() -> None:
    async with serving(slots=2) as (service, _):
        first, second = (fed_by_key(service, 1, None) for _ in range(2))
        for context in (first, second):
            context.feed(TEXT)
            context.end()
        async with first:
            with pytest.raises(RateLimitError, match="1 streams of key 'alice'"):
                await listen(second)
            async for _ in first:
                pass
        assert (first.outcome, second.outcome) == ("completed", "rate_limited")
