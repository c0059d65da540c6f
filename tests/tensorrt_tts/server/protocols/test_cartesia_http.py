"""`POST /tts/bytes` and `/tts/sse` on a real socket."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tensorrt_tts.errors import SettingError
from tests.support.altered_codecs import FailingCodec
from tests.support.audio_files import decoded
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.cartesia_client import ASKED, RAW
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.speech_client import BareRequest, Reply, send
from tests.support.speech_client import ask as ask_openai
from tests.support.tts_client import assert_same_audio

FRAMES = 6
SAMPLES = FRAMES * 2048
SHORT = Behaviour(frames=FRAMES)


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    with serving(BackendDouble(behaviour=SHORT), slots=2, max_queued=0) as server:
        yield server


def ask(server: ServerThread, path: str = "bytes", **fields: Any) -> Reply:
    return send(server.port, json.dumps({**ASKED, **fields}).encode(), path=f"/tts/{path}")


def events(reply: Reply) -> list[dict[str, Any]]:
    parts = reply.body.decode().split("\n\n")
    assert parts.pop() == ""
    found = []
    for part in parts:
        name, data = part.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


def spoken(server: ServerThread) -> bytes:
    return ask_openai(server.port, response_format="pcm", voice="tara", seed=1).body


def test_what_an_answer_says(server: ServerThread) -> None:
    reply = ask(server)
    assert (reply.status, reply.whole) == (200, True)
    assert reply.headers["content-type"] == "audio/pcm"
    assert reply.headers["x-audio-sample-rate"] == "24000"
    assert reply.headers["x-request-id"]
    assert_same_audio(reply.body, spoken(server))


@pytest.mark.parametrize(
    ("encoding", "content_type", "width"),
    [
        ("pcm_s16le", "audio/pcm", 2),
        ("pcm_f32le", "audio/pcm", 4),
        ("pcm_mulaw", "audio/PCMU", 1),
        ("pcm_alaw", "audio/PCMA", 1),
    ],
)
@pytest.mark.parametrize("rate", [8000, 44100])
def test_raw(server: ServerThread, encoding: str, content_type: str, width: int, rate: int) -> None:
    output = {"container": "raw", "encoding": encoding, "sample_rate": rate}
    reply = ask(server, output_format=output)
    assert reply.headers["content-type"] == content_type
    assert len(reply.body) / width == pytest.approx(SAMPLES * rate / 24000, abs=1)


@pytest.mark.parametrize("encoding", ["pcm_s16le", "pcm_f32le", "pcm_mulaw", "pcm_alaw"])
@pytest.mark.parametrize("rate", [8000, 24000])
def test_wav(server: ServerThread, encoding: str, rate: int) -> None:
    output = {"container": "wav", "encoding": encoding, "sample_rate": rate}
    reply = ask(server, output_format=output)
    assert reply.headers["content-type"] == "audio/wav"
    _, codec, found, samples = decoded(reply.body)
    assert (codec, found) == (encoding, rate)
    assert len(samples) == pytest.approx(SAMPLES * rate / 24000, abs=1)


@pytest.mark.parametrize("rate", [22050, 44100])
def test_mp3(server: ServerThread, rate: int) -> None:
    """As large as its bit rate says."""
    sizes = []
    for bit_rate in (32_000, 128_000):
        output = {"container": "mp3", "sample_rate": rate, "bit_rate": bit_rate}
        reply = ask(server, output_format=output)
        assert reply.headers["content-type"] == "audio/mpeg"
        _, codec, found, samples = decoded(reply.body)
        assert codec.startswith("mp3")
        assert found == rate
        assert len(samples) / rate == pytest.approx(SAMPLES / 24000, abs=0.15)
        sizes.append(len(reply.body))
    assert sizes[1] == pytest.approx(4 * sizes[0], rel=0.1)


def test_speed_and_normalization(server: ServerThread) -> None:
    fast = ask(server, generation_config={"speed": 2.0})
    assert len(fast.body) == 2 * round(SAMPLES / 2)
    digits, off = (
        ask(server, transcript="It is 5."),
        ask(server, transcript="It is 5.", normalization="off"),
    )
    assert_same_audio(digits.body, ask(server, transcript="It is five.").body)
    assert digits.body != off.body


def test_events(server: ServerThread) -> None:
    reply = ask(server, "sse", context_id="mine")
    assert reply.headers["content-type"] == "text/event-stream"
    *chunks, done = events(reply)
    assert done == {"type": "done", "context_id": "mine", "done": True, "status_code": 200}
    assert all(chunk["step_time"] > 0 for chunk in chunks)
    assert_same_audio(b"".join(base64.b64decode(c["data"]) for c in chunks), spoken(server))


WRONG: dict[str, tuple[dict[str, Any], int, str]] = {
    "voice": ({"voice": "bob"}, 400, "unknown_voice"),
    "text": ({"transcript": ""}, 400, "invalid_text"),
    "no format": ({"output_format": None}, 400, "invalid_type"),
    "container": ({"output_format": {**RAW, "container": "ogg"}}, 400, "invalid_value"),
    "no encoding": ({"output_format": {"container": "raw", "sample_rate": 8000}}, 400, "invalid"),
    "rate": ({"output_format": {"container": "mp3", "sample_rate": 9000}}, 400, "invalid_value"),
    "seed": ({"seed": -1}, 400, "invalid_value"),
}


@pytest.mark.parametrize("path", ["bytes", "sse"])
@pytest.mark.parametrize(("fields", "status", "code"), WRONG.values(), ids=WRONG)
def test_mistakes(
    server: ServerThread, path: str, fields: dict[str, Any], status: int, code: str
) -> None:
    reply = ask(server, path, **fields)
    error = json.loads(reply.body)
    assert set(error) == {"status_code", "error_code", "title", "message", "request_id"}
    assert (reply.status, error["status_code"]) == (status, status)
    assert code in error["error_code"]
    assert reply.headers["x-request-id"] == error["request_id"]


@pytest.mark.parametrize("container", ["wav", "mp3"])
def test_events_are_raw(server: ServerThread, container: str) -> None:
    reply = ask(server, "sse", output_format={**RAW, "container": container})
    assert reply.status == 400
    assert "must be 'raw'" in json.loads(reply.body)["message"]


def test_bodies_that_are_none(server: ServerThread) -> None:
    for content, kind, status in (
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b" " * 300_000, "application/json", 413),
    ):
        reply = send(server.port, content, kind, path="/tts/bytes")
        assert (reply.status, json.loads(reply.body)["status_code"]) == (status, status)


@pytest.mark.parametrize(
    ("path", "status"), [("/tts/bytes", 405), ("/tts/bytes/nothing", 404), ("/tts/websocket", 426)]
)
def test_wrong_methods_and_paths_in_their_shape(
    server: ServerThread, path: str, status: int
) -> None:
    found, text = server.get(path)
    assert (found, json.loads(text)["status_code"]) == (status, status)


def test_a_full_server_says_when_to_come_back(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=300)
    with BareRequest(server.port) as first, BareRequest(server.port) as second:
        wait_until(lambda: server.service.slots.active == 2)
        reply = ask(server)
        assert (reply.status, json.loads(reply.body)["error_code"]) == (503, "overloaded")
        assert int(reply.headers["retry-after"]) >= 1
        first.vanish()
        second.vanish()


def test_what_breaks_off_is_told_from_what_is_whole() -> None:
    codec = FailingCodec()
    with serving(codec=codec) as server:
        for path in ("bytes", "sse"):
            codec.left = 3
            reply = ask(server, path)
            assert (reply.status, reply.whole) == (200, False)
        *_, error, done = events(reply)
        assert (error["error_code"], done["type"]) == ("backend_error", "done")
        server.assert_as_before()


def test_the_description(server: ServerThread) -> None:
    paths = json.loads(server.get("/openapi.json")[1])["paths"]
    for path in ("/tts/bytes", "/tts/sse"):
        about = paths[path]["post"]
        schema = about["requestBody"]["content"]["application/json"]["schema"]
        assert {"transcript", "voice", "output_format"} <= set(schema["required"])
        assert {"200", "400", "503"} <= set(about["responses"])
        assert "$ref" not in json.dumps(schema)


def test_a_voice_table_that_means_nobody_ends_the_start() -> None:
    with (
        pytest.raises(SettingError, match="the voice 'bob', which the model does not have"),
        serving(voice_names={"katie": "bob"}),
    ):
        pass
