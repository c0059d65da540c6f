"""API keys on a real socket, on every route."""

import http.client
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tensorrt_tts.server.api_keys import digest
from tensorrt_tts.server.context import Caller
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.speech_client import ASKED
from tests.support.tts_client import receive

KEY = "tts_alice"
KEYS = f"alice:{digest(KEY.encode())}"

WAYS = {
    "Bearer": {"Authorization": f"Bearer {KEY}"},
    "Token": {"Authorization": f"Token {KEY}"},
    "X-API-Key": {"X-API-Key": KEY},
    "xi-api-key": {"xi-api-key": KEY},
}

NEED = (
    "/v1/models",
    "/v1/audio/voices",
    "/nothing",
    "/",
    "/ws/tts",
    "/health",
    "/testing",
    "//test",
)
OPEN = ("/health/live", "/health/ready", "/metrics", "/openapi.json", "/test/", "/test/page.js")


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with serving(api_keys=KEYS, log_level="info") as running:
        yield running


def ask(
    server: ServerThread, path: str, headers: dict[str, str] | None = None, content: Any = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    sent = {**(headers or {}), **({"Content-Type": "application/json"} if content else {})}
    body = json.dumps(content).encode() if content else None
    connection.request("POST" if content else "GET", path, body, sent)
    reply = connection.getresponse()
    read = reply.read()
    connection.close()
    return reply.status, reply.headers, read


def socket(server: ServerThread, headers: dict[str, str], query: str = "", **more: Any) -> connect:
    return connect(server.url + query, additional_headers=headers, proxy=None, **more)


@pytest.mark.parametrize("way", WAYS)
def test_a_key_opens_http(server: ServerThread, way: str) -> None:
    assert ask(server, "/v1/models", WAYS[way])[0] == 200
    status, headers, _ = ask(server, "/v1/audio/speech", WAYS[way], ASKED)
    assert (status, headers["Content-Type"]) == (200, "audio/mpeg")


@pytest.mark.parametrize("path", NEED)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_without_a_key_nothing_is_told(
    server: ServerThread, path: str, headers: dict[str, str]
) -> None:
    status, answered, body = ask(server, path, headers)
    error = json.loads(body)["error"]
    assert (status, error["code"]) == (401, "invalid_api_key")
    assert answered["WWW-Authenticate"] == "Bearer"
    assert ("not known here" in error["message"]) == bool(headers)
    assert ("Authorization: Bearer KEY" in error["message"]) == (not headers)
    openai = path.startswith("/v1/")
    assert set(error) == ({"message", "type", "param", "code"} if openai else {"code", "message"})
    assert bool(answered["X-Request-Id"]) == openai
    if openai:
        assert (error["type"], error["param"]) == ("invalid_request_error", None)


def test_speech_without_a_key(server: ServerThread) -> None:
    before = server.metric('tts_refused_requests_total{code="invalid_api_key"}')
    status, _, body = ask(server, "/v1/audio/speech", content=ASKED)
    assert (status, json.loads(body)["error"]["code"]) == (401, "invalid_api_key")
    assert server.metric('tts_refused_requests_total{code="invalid_api_key"}') == before + 1
    server.assert_as_before()


@pytest.mark.parametrize("path", OPEN)
def test_what_stays_open(server: ServerThread, path: str) -> None:
    assert ask(server, path)[0] == 200


def test_a_key_in_a_web_address_is_none(server: ServerThread) -> None:
    status, _, body = ask(server, f"/v1/models?api_key={KEY}")
    assert (status, b"an API key is needed" in body) == (401, True)


@pytest.mark.parametrize("way", WAYS)
async def test_a_key_opens_a_socket(server: ServerThread, way: str) -> None:
    async with socket(server, WAYS[way]) as peer:
        await peer.send('{"text": "Hello."}')
        assert (await receive(peer)).final["done"]
        assert peer.subprotocol is None


async def test_in_the_address_of_a_socket_and_not_in_the_log(
    server: ServerThread, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with socket(server, {}, f"?cartesia_version=1&api_key={KEY}") as peer:
            await peer.send('{"text": "Hello."}')
            assert (await receive(peer)).final["done"]
        with pytest.raises(InvalidStatus):
            async with socket(server, {}, "?api_key=tts_wrong"):
                pass
    assert '"WebSocket /ws/tts?cartesia_version=1&api_key=…" [accepted]' in caplog.text
    assert '"WebSocket /ws/tts?api_key=…" 401' in caplog.text
    assert KEY not in caplog.text
    assert "tts_wrong" not in caplog.text


@pytest.mark.parametrize("scheme", ["token", "bearer"])
async def test_as_a_subprotocol(server: ServerThread, scheme: str) -> None:
    """As Deepgram's clients do in browsers, which want one of theirs back."""
    async with socket(server, {}, subprotocols=[scheme, KEY]) as peer:
        assert peer.subprotocol == scheme
        await peer.send('{"text": "Hello."}')
        assert (await receive(peer)).final["done"]


REFUSED: list[dict[str, Any]] = [
    {"headers": {}},
    {"headers": {"X-API-Key": "wrong"}},
    {"headers": {}, "query": "?api_key=wrong"},
    {"headers": {}, "subprotocols": ["token", "wrong"]},
]


@pytest.mark.parametrize("asked", REFUSED)
async def test_a_handshake_without_a_key(server: ServerThread, asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with socket(server, **asked):
            pass
    response = refused.value.response
    error = json.loads(response.body or b"")["error"]
    assert (response.status_code, error["code"]) == (401, "invalid_api_key")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert ("as api_key=KEY in the address" in error["message"]) == (asked == REFUSED[0])


async def test_a_socket_at_another_path_without_a_key(server: ServerThread) -> None:
    for path in ("/nothing", "/test/", "/health/live", "/metrics"):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"ws://127.0.0.1:{server.port}{path}", proxy=None):
                pass
        assert refused.value.response.status_code == 401


async def test_whoever_serves_knows_whose_it_is(
    server: ServerThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the protocol's doing."""
    callers: list[Caller] = []
    admit = server.service.admit

    def admitted(caller: Caller) -> Any:
        callers.append(caller)
        return admit(caller)

    monkeypatch.setattr(server.service, "admit", admitted)
    ask(server, "/v1/audio/speech", WAYS["Token"], ASKED)
    async with socket(server, WAYS["Bearer"]):
        wait_until(lambda: len(callers) == 2)
    known = [(caller.identity.key, caller.identity.path) for caller in callers]
    assert known == [("alice", "/v1/audio/speech"), ("alice", "/ws/tts")]


def test_metrics_may_need_a_key() -> None:
    with serving(api_keys=KEYS, metrics_need_key=True, root_path="/tts") as server:
        for path in ("/metrics", "/tts/metrics"):
            assert ask(server, path)[0] == 401
            assert ask(server, path, WAYS["Bearer"])[0] == 200
        for path in ("/health/live", "/tts/health/live", "/tts/test/"):
            assert ask(server, path)[0] == 200
        _, headers, _ = ask(server, "/tts/v1/models")
        assert headers["X-Request-Id"]  # OpenAI's shape, below a prefix too


async def test_a_server_without_keys_minds_none() -> None:
    with serving() as server:
        for headers in ({}, {"Authorization": "Bearer any"}):
            assert ask(server, "/v1/models", headers)[0] == 200
        async with socket(server, {}, subprotocols=["token", "any"]) as peer:
            assert peer.subprotocol == "token"
