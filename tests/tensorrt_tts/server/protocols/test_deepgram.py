"""`POST /v1/speak` on a real socket, and what only Deepgram's WebSocket has."""

import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.exceptions import InvalidStatus

from benchmarks.doubles.null_codec import NullCodec
from tests.support.audio_files import decoded
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving
from tests.support.speech_client import Reply, send
from tests.support.text_sockets import DEEPGRAM, first_audio, hear, tell
from tests.support.tts_client import connected

FRAMES = 8
SECONDS = FRAMES * 2048 / 24000


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    backend = BackendDouble(behaviour=Behaviour(frames=FRAMES))
    with serving(backend, NullCodec(), max_pending=3, max_characters=300) as server:
        yield server


def ask(server: ServerThread, text: Any = "Hello.", **query: Any) -> Reply:
    path = f"/v1/speak?{urlencode(query)}"
    return send(server.port, json.dumps({"text": text}).encode(), path=path)


def error(reply: Reply) -> str:
    said = json.loads(reply.body)
    assert set(said) == {"err_code", "err_msg", "request_id"}
    assert said["request_id"] == reply.headers["dg-request-id"]
    return f"{said['err_code']} {said['err_msg']}"


CONTAINED = {
    "linear16": ("audio/wav", "pcm_s16le", 24000),
    "mulaw": ("audio/wav", "pcm_mulaw", 8000),
    "alaw": ("audio/wav", "pcm_alaw", 8000),
    "mp3": ("audio/mpeg", "mp3", 22050),
    "opus": ("audio/ogg", "opus", 48000),
    "flac": ("audio/flac", "flac", 48000),
    "aac": ("audio/aac", "aac", 22050),
}


@pytest.mark.parametrize("encoding", CONTAINED)
def test_every_encoding_by_its_defaults(server: ServerThread, encoding: str) -> None:
    reply = ask(server, encoding=encoding)
    content_type, codec, rate = CONTAINED[encoding]
    assert (reply.status, reply.whole) == (200, True)
    assert reply.headers["content-type"] == content_type
    assert reply.headers["x-audio-sample-rate"] == str(rate)
    _, found, hz, samples = decoded(reply.body)
    assert (found, hz) == (codec, rate)
    assert len(samples) / hz == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize(
    ("encoding", "rate", "bytes_per_sample"),
    [("linear16", 24000, 2), ("linear16", 48000, 2), ("mulaw", 8000, 1), ("alaw", 16000, 1)],
)
def test_without_a_container(
    server: ServerThread, encoding: str, rate: int, bytes_per_sample: int
) -> None:
    reply = ask(server, encoding=encoding, container="none", sample_rate=rate)
    assert len(reply.body) / bytes_per_sample / rate == pytest.approx(SECONDS, abs=0.001)


def test_what_every_reply_says(server: ServerThread) -> None:
    reply = ask(server, "Grüß dich.", model="aura-2-thalia-en")
    assert uuid.UUID(reply.headers["dg-request-id"])
    assert reply.headers["dg-char-count"] == "10"
    voices = [voice.name for voice in server.service.synthesizer.voices]
    assert reply.headers["dg-model-name"] in voices


def test_bit_rate_and_speed(server: ServerThread) -> None:
    small, large = (ask(server, encoding="mp3", bit_rate=rate) for rate in (32000, 128000))
    assert len(large.body) > 3 * len(small.body)
    fast = ask(server, encoding="linear16", container="none", speed=2)
    assert len(fast.body) == FRAMES * 2048


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "model": ({"model": "bob"}, "UNKNOWN_VOICE model 'bob' is unknown"),
    "encoding": ({"encoding": "wma"}, "encoding is 'wma'"),
    "rate": ({"encoding": "mulaw", "sample_rate": 24000}, "use 8000, 16000"),
    "no rate": ({"sample_rate": "x"}, "sample_rate is 'x', not a whole number"),
    "low rate": ({"sample_rate": 1}, "sample_rate is '1', which must be at least 8000"),
    "container": ({"encoding": "flac", "container": "ogg"}, "container ogg does not go with"),
    "bit rate": ({"encoding": "aac", "bit_rate": 1}, "use 4000 to 192000"),
    "speed": ({"speed": "nan"}, "speed is 'nan'"),
    "callback": ({"callback": "http://x"}, "callback is not possible here"),
}


@pytest.mark.parametrize(("query", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_parameter(server: ServerThread, query: dict[str, Any], said: str) -> None:
    reply = ask(server, **query)
    assert reply.status == 400
    assert said in error(reply)


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "INVALID_JSON"),
        (b"[]", 400, "INVALID_TYPE"),
        (b"{}", 400, "MISSING_REQUIRED_PARAMETER"),
        (b'{"text": 7}', 400, "INVALID_TYPE"),
        (b'{"text": ""}', 400, "INVALID_TEXT"),
        (b'{"text": "' + b"a " * 200 + b'"}', 400, "INVALID_TEXT"),
        (b'{"text": "' + b"a" * 70_000 + b'"}', 413, "MESSAGE_TOO_BIG"),
    ],
)
def test_a_wrong_body(server: ServerThread, content: bytes, status: int, code: str) -> None:
    reply = send(server.port, content, path="/v1/speak")
    assert reply.status == status
    assert error(reply).startswith(code)


def test_a_body_that_is_not_called_json(server: ServerThread) -> None:
    reply = send(server.port, b'{"text": "Hi."}', "text/plain", path="/v1/speak")
    assert reply.status == 415
    assert error(reply).startswith("UNSUPPORTED_MEDIA_TYPE")


def test_without_an_upgrade(server: ServerThread) -> None:
    status, body = server.get("/v1/speak")
    assert status == 426
    assert json.loads(body)["err_code"] == "INVALID_REQUEST"


def test_the_description_is_true(server: ServerThread) -> None:
    about = json.loads(server.get("/openapi.json")[1])["paths"]["/v1/speak"]["post"]
    names = {parameter["name"] for parameter in about["parameters"]}
    assert {"model", "encoding", "container", "sample_rate", "bit_rate", "speed"} <= names
    types = about["responses"]["200"]["content"]
    assert {reply.headers["content-type"] for reply in (ask(server), ask(server, encoding="mp3"))}
    assert {"audio/wav", "audio/mpeg", "audio/PCMU"} <= set(types)


# On the WebSocket


def url(server: ServerThread, query: str = "") -> str:
    return f"ws://127.0.0.1:{server.port}/v1/speak{query}"


async def test_metadata_comes_first_and_answers_are_counted(server: ServerThread) -> None:
    async with connected(url(server)) as peer:
        assert peer.response is not None
        await tell(peer, *[{"type": "Flush"}] * 2, {"type": "Clear"}, {"type": "Close"})
        heard = await hear(peer)
    first, *answers = heard.said
    assert first["type"] == "Metadata"
    assert first["request_id"] == peer.response.headers["dg-request-id"]
    # A flush that had not been answered when the Clear came is answered by that.
    assert [answer["sequence_id"] for answer in answers] == list(range(len(answers)))
    assert answers[-1]["type"] == "Cleared"
    assert heard.code == 1000


async def test_a_flush_that_was_cleared_is_not_answered(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=300)
    async with connected(url(server)) as peer:
        await tell(peer, DEEPGRAM.say("Hello."), {"type": "Flush"})
        await first_audio(peer)
        server.backend.behaviour = Behaviour(frames=2)
        await tell(peer, {"type": "Clear"}, DEEPGRAM.say("Bye."), {"type": "Flush"})
        cleared = await hear(peer, DEEPGRAM.over)
        assert cleared.said[-1] == {"type": "Cleared", "sequence_id": 0}
        flushed = await hear(peer, DEEPGRAM.over)
        assert flushed.said == [{"type": "Flushed", "sequence_id": 1}]
        assert len(flushed.audio) == 2 * 2 * 2048


async def test_a_text_longer_than_a_context_goes_on_in_the_next(server: ServerThread) -> None:
    async with connected(url(server)) as peer:
        for _ in range(8):
            await tell(peer, DEEPGRAM.say("A sentence of some fifty characters, or so, it is. "))
        await tell(peer, {"type": "Flush"})
        heard = await hear(peer, DEEPGRAM.over)
    assert len(heard.audio) >= 8 * 2 * FRAMES * 2048


async def test_more_than_can_wait_is_told(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=300)
    async with connected(url(server)) as peer:
        for _ in range(5):
            await tell(peer, DEEPGRAM.say("Hello."), {"type": "Flush"})
        heard = await hear(peer)
    assert heard.said[-1]["err_code"] == "RATE_LIMITED"
    assert heard.code == 1013


async def test_after_close_nothing_is_taken(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(frames=FRAMES, rate=200)
    async with connected(url(server)) as peer:
        await tell(peer, DEEPGRAM.say("Hello."), {"type": "Close"}, DEEPGRAM.say("More."))
        heard = await hear(peer)
    assert len(heard.audio) == 2 * FRAMES * 2048
    assert "came after Close" in heard.said[-1]["description"]
    assert heard.code == 1000


@pytest.mark.parametrize("query", ["?model=bob", "?encoding=mp3", "?sample_rate=7", "?speed=9"])
async def test_a_wrong_parameter_refuses_the_handshake(server: ServerThread, query: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connected(url(server, query)):
            pass
    assert refused.value.response.status_code == 400
    assert set(json.loads(refused.value.response.body)) == {"err_code", "err_msg", "request_id"}
