"""Keys in the first message of a socket, where ElevenLabs' protocol has them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.server import late_key
from tensorrt_tts.server.api_keys import digest
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until

KEYS = f"alice:{digest(b'tts_A')} characters_per_minute=1000"
ONE = "/v1/text-to-speech/tara/stream-input?output_format=pcm_24000"
SEVERAL = "/v1/text-to-speech/tara/multi-stream-input?output_format=pcm_24000"
both = pytest.mark.parametrize("path", [ONE, SEVERAL])


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    backend = BackendDouble(behaviour=Behaviour(frames=6))
    with serving(backend, NullCodec(), api_keys=KEYS) as running:
        yield running


def opened(server: ServerThread, path: str, **options: Any) -> connect:
    return connect(f"ws://127.0.0.1:{server.port}{path}", proxy=None, **options)


async def say(peer: ClientConnection, **content: Any) -> None:
    await peer.send(json.dumps(content))


async def rest(peer: ClientConnection) -> tuple[list[dict[str, Any]], int | None]:
    """All messages, and the close code."""
    messages = []
    try:
        while True:
            messages.append(json.loads(await peer.recv()))
    except ConnectionClosed as closed:
        return messages, closed.rcvd.code if closed.rcvd else None


async def test_a_text(server: ServerThread) -> None:
    """Its first message counts as the first one of the text, too."""
    async with opened(server, ONE) as peer:
        await say(peer, text="Hello ", xi_api_key="tts_A")
        await say(peer, text="there.")
        await say(peer, text="")
        messages, code = await rest(peer)
    said = "".join(
        character
        for message in messages
        for character in message.get("alignment", {}).get("chars", "")
    )
    assert (said, messages[-1], code) == ("Hello there.", {"isFinal": True}, 1000)


async def test_a_context(server: ServerThread) -> None:
    async with opened(server, SEVERAL) as peer:
        await say(peer, text=" ", context_id="a", xi_api_key="tts_A", voice_settings={"speed": 1})
        await say(peer, text="Hello.", context_id="a", flush=True)
        await say(peer, close_socket=True)
        messages, code = await rest(peer)
    assert (messages[-1]["isFinal"], messages[-1]["contextId"], code) == (True, "a", 1000)


@both
async def test_it_is_known_whose_it_is(server: ServerThread, path: str) -> None:
    """And its limits hold."""
    async with opened(server, path) as peer:
        await say(peer, text="x" * 1001 + " ", xi_api_key="tts_A")
        await say(peer, text="Hello. " * 200, flush=True)
        await say(peer, text="Hello. " * 200, flush=True)
        await say(peer, close_socket=True)
        await say(peer, text="")
        messages, _ = await rest(peer)
    assert "rate_limited" in [message.get("error") for message in messages]


@both
@pytest.mark.parametrize(
    ("first", "told"),
    [
        ({"text": "Hello."}, "an API key is needed: header xi-api-key, or xi_api_key in"),
        ({"text": "Hello.", "xi_api_key": "tts_B"}, "the API key is not known here"),
        ({"text": "Hello.", "xi_api_key": ""}, "the API key is not known here"),
        ({"text": "Hello.", "xi_api_key": 5}, "an API key is needed"),
        ({"text": "Hello.", "xi_api_key": None}, "an API key is needed"),
        ({"text": "Hello.", "xi_api_key": "ключ"}, "the API key is not known here"),
        ([1], "an API key is needed"),
        (b"tts_A", "an API key is needed"),
    ],
)
async def test_a_socket_without_a_key(
    server: ServerThread, path: str, first: Any, told: str
) -> None:
    begun = len(server.backend.started)
    refused = 'tts_refused_sockets_total{code="invalid_api_key"}'
    before = server.metric(refused)
    async with opened(server, path) as peer:
        await peer.send(first if isinstance(first, bytes) else json.dumps(first))
        (message,), code = await rest(peer)
    assert (message["error"], message["code"], code) == ("invalid_api_key", 1008, 1008)
    assert message["message"].startswith(told)
    assert len(server.backend.started) == begun
    assert server.metric(refused) == before + 1


async def test_a_key_in_a_later_message_is_too_late(server: ServerThread) -> None:
    async with opened(server, ONE) as peer:
        await say(peer, text=" ")
        await say(peer, text=" ", xi_api_key="tts_A")
        (message,), _ = await rest(peer)
    assert message["error"] == "invalid_api_key"


@both
async def test_a_wrong_key_at_the_handshake_is_refused_there(
    server: ServerThread, path: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(server, path, additional_headers={"xi-api-key": "tts_B"}):
            pass
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/ws/tts",
        "/v1/speak",
        "/tts/websocket",
        "/v1/text-to-speech/tara",
        "/v1/text-to-speech//stream-input",
        "/v1/text-to-speech/tara/stream-input/",
        "/v1/text-to-speech/tara/x/stream-input",
        "/x/v1/text-to-speech/tara/stream-input",
    ],
)
async def test_no_other_path_is_open(server: ServerThread, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(server, path):
            pass
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/text-to-speech/bob/stream-input", "unknown_voice"),
        ("/v1/text-to-speech/tara/stream-input?output_format=wma", "invalid_value"),
        ("/v1/text-to-speech/tara/multi-stream-input?seed=x", "invalid_value"),
    ],
)
async def test_what_would_refuse_the_handshake_ends_the_socket(
    server: ServerThread, path: str, code: str
) -> None:
    """And nobody without a key hears of it."""
    async with opened(server, path) as peer:
        await say(peer, text=" ", xi_api_key="tts_A")
        (message,), closed = await rest(peer)
    assert (message["error"], closed) == (code, 1008)
    async with opened(server, path) as peer:
        await say(peer, text=" ")
        (message,), closed = await rest(peer)
    assert (message["error"], closed) == ("invalid_api_key", 1008)


async def test_a_full_server_says_so_when_it_knows_the_key() -> None:
    """And a draining one, with the close codes that say the same."""
    with serving(BackendDouble(), NullCodec(), api_keys=KEYS, max_sockets=1) as server:
        async with opened(server, SEVERAL, additional_headers={"xi-api-key": "tts_A"}) as first:
            async with opened(server, ONE) as peer:
                await say(peer, text=" ", xi_api_key="tts_A")
                (message,), closed = await rest(peer)
            assert (message["error"], message["code"], closed) == ("overloaded", 1013, 1013)
            server.service.health.draining = True
            async with opened(server, ONE) as peer:
                await say(peer, text=" ", xi_api_key="tts_A")
                (message,), closed = await rest(peer)
            assert (message["error"], message["code"], closed) == ("draining", 1012, 1012)
            server.service.health.draining = False
            await first.close()


@both
async def test_whoever_says_nothing_is_let_go(
    server: ServerThread, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_key, "WAIT_S", 0.05)
    async with opened(server, path) as peer:
        (message,), code = await rest(peer)
    assert (message["error"], code) == ("invalid_api_key", 1008)


async def test_whoever_leaves_before_is_forgotten(server: ServerThread) -> None:
    async with opened(server, ONE):
        pass
    await asyncio.to_thread(wait_until, lambda: not server.server.server_state.connections)


async def test_only_so_many_wait(server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold no place of `max_sockets`; the next one needs its key at the handshake."""
    monkeypatch.setattr(late_key, "MOST_WAITING", 2)
    async with opened(server, ONE) as first, opened(server, SEVERAL):
        assert server.metric("tts_sockets") == 0
        with pytest.raises(InvalidStatus) as refused:
            async with opened(server, ONE):
                pass
        assert refused.value.response.status_code == 401
        async with opened(server, ONE, additional_headers={"xi-api-key": "tts_A"}):
            pass
        await say(first, text=" ", xi_api_key="tts_A")
        await asyncio.to_thread(wait_until, lambda: server.metric("tts_sockets") == 1)
        async with opened(server, ONE):  # there is a place again
            pass


@both
async def test_where_no_key_is_needed_none_is_looked_at(path: str) -> None:
    backend = BackendDouble(behaviour=Behaviour(frames=6))
    with serving(backend, NullCodec()) as server:
        async with opened(server, path) as peer:
            await say(peer, text="Hello.", xi_api_key="anything", flush=True)
            assert "audio" in json.loads(await peer.recv())
