"""Pipecat's and LiveKit's services for Cartesia, unmodified, against a real server.
`make test-clients`; skipped without them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.server.protocols import cartesia_socket
from tests.clients.conftest import SENTENCE_SAMPLES, SHORT, SPEAKING
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until

aiohttp = pytest.importorskip("aiohttp", reason="comes with pipecat-ai")
pytest.importorskip("pipecat", reason="needs pipecat-ai: make test-clients")
livekit = pytest.importorskip("livekit.agents", reason="needs livekit-agents: make test-clients")

from livekit.agents import APIConnectOptions, APIError  # noqa: E402
from livekit.plugins import cartesia  # noqa: E402
from pipecat.frames.frames import TTSTextFrame  # noqa: E402
from pipecat.services.cartesia.tts import (  # noqa: E402
    CartesiaHttpTTSService,
    CartesiaTTSService,
)

from tests.clients.pipecat_bot import pipecat_bot  # noqa: E402

SENTENCE_BYTES = 2 * SENTENCE_SAMPLES
TEXT = ("Good morning, ", "all of ", "you. ", "The second sentence ", "is here.")
KATIE = "f786b574-daa5-4673-aa0c-cbe3e8534c02"
LONG = "This sentence is quite long enough to be spoken on its own. "


def pipecat(server: ServerThread, voice: str | None = KATIE) -> Any:
    return CartesiaTTSService(
        api_key="none",
        url=f"ws://127.0.0.1:{server.port}/tts/websocket",
        settings=CartesiaTTSService.Settings(voice=voice),
    )


def words(bot: Any) -> list[str]:
    return [frame.text for frame in bot.frames if isinstance(frame, TTSTextFrame)]


@pytest.mark.parametrize("voice", [KATIE, "leo", None])
async def test_pipecat_speaks_what_the_model_writes(
    server: ServerThread, voice: str | None
) -> None:
    """And knows which words."""
    async with pipecat_bot(pipecat(server, voice)) as bot:
        await bot.say(*TEXT)
        await bot.until_stopped()
        assert len(bot.audio) >= 2 * SENTENCE_BYTES
        assert "".join(words(bot)).replace(" ", "") == "".join(TEXT).replace(" ", "")


async def test_pipecat_hears_the_first_sentence_before_the_last_token(server: ServerThread) -> None:
    async with pipecat_bot(pipecat(server)) as bot:
        await bot.say("The first sentence is long enough to stand alone. The", end=False)
        await bot.until_audio()
        await bot.say(" second one.")
        await bot.until_stopped()


async def test_pipecat_interrupts_and_goes_on(server: ServerThread) -> None:
    """It then knows no word that was not begun."""
    async with pipecat_bot(pipecat(server)) as bot:
        server.backend.behaviour = SPEAKING
        await bot.say(*TEXT)
        await bot.until_audio()
        assert server.service.slots.active == 1
        await bot.interrupt()
        took = await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 0)
        print(f"slot free {1000 * took:.0f} ms after the interruption")
        assert took < 10  # 250 ms is promised; what takes longer than this never was told
        assert len(words(bot)) < len("".join(TEXT).split())
        server.backend.behaviour = SHORT
        bot.frames.clear()
        await bot.say("Once more.")
        await bot.until_stopped()
        assert len(bot.audio) == SENTENCE_BYTES


async def test_pipecat_hears_of_a_failure(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(frames=0)
    async with pipecat_bot(pipecat(server)) as bot:
        await bot.say("Hello.")
        assert "no_audio" in await bot.until_error()


async def test_pipecat_hears_of_a_voice_that_nobody_has(server: ServerThread) -> None:
    async with pipecat_bot(pipecat(server, "bob")) as bot:
        await bot.say("Hello.")
        assert "unknown_voice" in await bot.until_error()


async def test_pipecat_hears_that_the_server_is_full(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    async with pipecat_bot(pipecat(server)) as busy:
        await busy.say(*TEXT)
        await busy.until_audio()
        async with pipecat_bot(pipecat(server)) as bot:
            await bot.say("Hello.")
            assert "overloaded" in await bot.until_error()


async def test_pipecat_over_http(server: ServerThread) -> None:
    service = CartesiaHttpTTSService(
        api_key="none",
        base_url=f"http://127.0.0.1:{server.port}",
        settings=CartesiaHttpTTSService.Settings(voice="tara"),
    )
    async with pipecat_bot(service) as bot:
        await bot.say("Good morning.")
        await bot.until_stopped()
        assert len(bot.audio) == SENTENCE_BYTES


ONCE = APIConnectOptions(max_retry=0, timeout=60)


@asynccontextmanager
async def plugin(server: ServerThread, **options: Any) -> AsyncIterator[Any]:
    async with aiohttp.ClientSession() as session:
        address = f"http://127.0.0.1:{server.port}"
        tts = cartesia.TTS(base_url=address, api_key="none", http_session=session, **options)
        try:
            yield tts
        finally:
            await tts.aclose()


def asked(tts: Any, *pieces: str, options: APIConnectOptions = ONCE) -> Any:
    stream = tts.stream(conn_options=options)
    for piece in pieces:
        stream.push_text(piece)
    stream.end_input()
    return stream


async def heard(stream: Any) -> tuple[int, str]:
    """Bytes, and the words as LiveKit has aligned them with what it sent."""
    size, said = 0, ""
    try:
        async for event in stream:
            size += 2 * event.frame.samples_per_channel
            said += "".join(event.frame.userdata.get("lk.timed_transcripts", []))
    finally:
        await stream.aclose()
    return size, said


async def test_livekit_streams(server: ServerThread) -> None:
    async with plugin(server) as tts:
        size, said = await heard(asked(tts, *TEXT))
    assert size >= 2 * SENTENCE_BYTES
    assert said.split() == "".join(TEXT).split()


async def test_livekit_hears_before_the_last_token(server: ServerThread) -> None:
    async with plugin(server) as tts:
        stream = tts.stream(conn_options=ONCE)
        for _ in range(4):
            stream.push_text(LONG)
        assert (await anext(stream)).frame.samples_per_channel > 0
        stream.push_text("And the end.")
        stream.end_input()
        assert (await heard(stream))[0] > 0


async def test_livekit_speaks_a_whole_text_over_http(server: ServerThread) -> None:
    async with plugin(server, voice="leo") as tts:
        assert (await heard(tts.synthesize("Hello.", conn_options=ONCE)))[0] >= SENTENCE_BYTES


async def test_livekit_waits_for_a_slot_longer_than_it_waits_for_a_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cartesia_socket, "TICK_S", 0.02)
    monkeypatch.setattr(cartesia_socket, "KEEP_ALIVE_S", 0.1)
    impatient = APIConnectOptions(max_retry=0, timeout=1.0)
    with serving(BackendDouble(behaviour=SHORT), NullCodec(), slots=1) as server:
        server.backend.behaviour = Behaviour(frames=30, rate=70)  # 3 s
        async with plugin(server) as busy, plugin(server) as tts:
            speaking = asyncio.create_task(heard(asked(busy, "Hello there.")))
            await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 1)
            server.backend.behaviour = SHORT
            size, _ = await heard(asked(tts, "Hello.", options=impatient))
            assert size >= SENTENCE_BYTES
            await speaking
        server.assert_as_before()


async def test_livekit_that_silently_stops_listening_costs_no_more_than_the_lead() -> None:
    """It says nothing when it is interrupted; no further sentence is begun for it."""
    with serving(BackendDouble(behaviour=SHORT), NullCodec(), slots=1, lead_s=0.5) as server:
        async with plugin(server) as tts:
            begun = len(server.backend.started)
            stream = asked(tts, *[LONG] * 30)
            await anext(stream)
            await stream.aclose()
            made = len(server.backend.started) - begun
        assert made < 30
        server.assert_as_before()


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [(Behaviour(frames=0), "no_audio"), (Behaviour(frames=20, fail_at=100), "backend_error")],
)
async def test_livekit_hears_of_a_failure(
    server: ServerThread, behaviour: Behaviour, code: str
) -> None:
    """In the middle of speech too, which is no good end."""
    server.backend.behaviour = behaviour
    async with plugin(server) as tts:
        with pytest.raises(APIError, match=code):
            await heard(asked(tts, "Hello."))


async def test_livekit_hears_that_the_server_is_full(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    async with plugin(server) as busy, plugin(server) as tts:
        speaking = asked(busy, "Hello there, all of you.")
        await anext(speaking)
        with pytest.raises(APIError, match="overloaded"):
            await heard(asked(tts, "Hello."))
        with pytest.raises(APIError):
            await heard(tts.synthesize("Hello.", conn_options=ONCE))
        await speaking.aclose()
