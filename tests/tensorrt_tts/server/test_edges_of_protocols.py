"""Keys and origins on the routes of every protocol, in its clients' words."""

import json
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tensorrt_tts.server.api_keys import digest
from tests.support.server_thread import ServerThread, serving
from tests.support.speech_client import send

SOCKETS = {
    "/ws/tts": "X-API-Key",
    "/tts/websocket": "X-API-Key",
    "/v1/speak": "Authorization",
    "/v1/text-to-speech/tara/stream-input": "xi-api-key",
    "/v1/text-to-speech/tara/multi-stream-input": "xi-api-key",
}
POSTS = (
    *("/v1/audio/speech", "/v1/speak", "/tts/bytes", "/tts/sse", "/v1/text-to-speech/tara"),
    "/v1/text-to-speech/tara/with-timestamps",
    "/v1/text-to-speech/tara/stream/with-timestamps",
    "/v1/tts/generate",
)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with serving(api_keys=f"alice:{digest(b'A')}") as running:
        yield running


@pytest.mark.parametrize("path", SOCKETS)
async def test_sockets(server: ServerThread, path: str) -> None:
    url, name = f"ws://127.0.0.1:{server.port}{path}", SOCKETS[path]
    key = {name: "Token A" if name == "Authorization" else "A"}
    async with connect(url, additional_headers=key, proxy=None):
        pass
    async with connect(f"{url}?api_key=A", proxy=None):
        pass
    async with connect(url, subprotocols=["token", "A"], proxy=None) as peer:
        assert peer.subprotocol == "token"
    # ElevenLabs' may have it in their first message: see test_late_key.py
    wrong = {} if name != "xi-api-key" else {name: "B"}
    for headers, status in ((wrong, 401), ({**key, "Origin": "https://evil.example"}, 403)):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url, additional_headers=headers, proxy=None):
                pass
        assert refused.value.response.status_code == status
        assert isinstance(json.loads(refused.value.response.body or b""), dict)


@pytest.mark.parametrize("path", POSTS)
def test_posts(server: ServerThread, path: str) -> None:
    wrong = send(server.port, b"{}", headers={"X-API-Key": "B"}, path=path)
    assert (wrong.status, wrong.headers["www-authenticate"]) == (401, "Bearer")
    foreign = {"X-API-Key": "A", "Origin": "https://evil.example"}
    assert send(server.port, b"{}", headers=foreign, path=path).status == 403
    assert send(server.port, b"{}", headers={"X-API-Key": "A"}, path=path).status in (400, 404, 422)
    assert json.loads(wrong.body) != json.loads(send(server.port, b"{}", path="/nothing").body)
