"""`POST /v1/tts/generate` on a real socket."""

import http.client
import io
import json
import uuid
import wave
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts import __version__
from tensorrt_tts.errors import (
    ApiKeyError,
    BackendError,
    CapacityError,
    CreditError,
    DrainingError,
    EngineDiedError,
    MissingDependencyError,
    NoAudioError,
    RateLimitError,
    SlowReaderError,
    StalledError,
    TextError,
    TTSError,
    UnknownVoiceError,
)
from tensorrt_tts.server.api_keys import digest
from tensorrt_tts.server.protocols.tts_generate_wire import GenerateBody, error_message
from tensorrt_tts.speech import SpeechRequest
from tests.support.audio_files import decoded
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.speech_client import Reply, send

PATH = "/v1/tts/generate"
FRAMES = 6
SECONDS = FRAMES * 2048 / 24000
ASKED = {"text": "Hello.", "speaker": "tara"}


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    backend = BackendDouble(behaviour=Behaviour(frames=FRAMES))
    with serving(backend, NullCodec(), max_characters=300) as server:
        yield server


def ask(server: ServerThread, **fields: Any) -> Reply:
    return send(server.port, json.dumps({**ASKED, **fields}).encode(), path=PATH)


def error(reply: Reply) -> tuple[str, str]:
    told = json.loads(reply.body)
    assert set(told) == {"error"}
    assert set(told["error"]) == {"code", "message"}
    assert uuid.UUID(reply.headers["x-request-id"])
    return told["error"]["code"], told["error"]["message"]


def test_a_whole_answer_says_all_there_is_to_say(server: ServerThread) -> None:
    reply = ask(server)
    assert (reply.status, reply.headers["content-type"]) == (200, "audio/wav")
    with wave.open(io.BytesIO(reply.body)) as file:
        assert (file.getframerate(), file.getnframes()) == (24000, FRAMES * 2048)
    said = reply.headers
    assert int(said["content-length"]) == int(said["x-audio-bytes"]) == len(reply.body)
    assert float(said["x-audio-seconds"]) == pytest.approx(SECONDS, abs=0.001)
    assert float(said["x-ttfb-ms"]) > 0
    assert float(said["x-rtf"]) > 0
    assert uuid.UUID(said["x-request-id"])
    names = ("sample-rate", "format", "stream", "text-chunked", "chunking-enabled", "sr-applied")
    expected = ["24000", "wav", "false", "false", "true", "none"]
    assert [said[f"x-{name}"] for name in names] == expected
    assert said["x-app-version"] == __version__
    assert said["x-model-version"] == server.service.synthesizer.model.folder.name


def test_a_streamed_one_says_what_is_known_by_then(server: ServerThread) -> None:
    reply = ask(server, stream=True)
    assert (reply.status, reply.whole) == (200, True)
    assert reply.headers["x-stream"] == "true"
    assert float(reply.headers["x-ttfb-ms"]) > 0
    assert not {"x-rtf", "x-audio-seconds", "x-audio-bytes", "content-length"} & set(reply.headers)
    _, codec, rate, samples = decoded(reply.body)
    assert (codec, rate, len(samples)) == ("pcm_s16le", 24000, FRAMES * 2048)


def test_both_are_the_same_audio(server: ServerThread) -> None:
    whole, streamed = ask(server, seed=3), ask(server, seed=3, stream=True)
    ours, theirs = (decoded(reply.body)[3].astype(int) for reply in (whole, streamed))
    assert np.abs(ours - theirs).max() <= 1


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("name", "content_type", "rate"),
    [
        ("wav", "audio/wav", 24000),
        ("opus", "audio/ogg", 24000),
        ("mp3", "audio/mpeg", 24000),
        ("flac", "audio/flac", 24000),
        ("mulaw", "audio/PCMU", 8000),
    ],
)
def test_every_format(
    server: ServerThread, name: str, content_type: str, rate: int, stream: bool
) -> None:
    reply = ask(server, format=name, stream=stream)
    assert reply.headers["content-type"] == content_type
    assert reply.headers["x-format"] == name
    assert reply.headers["x-sample-rate"] == reply.headers["x-audio-sample-rate"] == str(rate)
    seconds = len(reply.body) / 8000 if name == "mulaw" else 0
    if name != "mulaw":
        _, _, hz, samples = decoded(reply.body)
        seconds = len(samples) / hz
    assert seconds == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize(
    ("output", "rate"), [("8khz", 8000), ("16khz", 16000), ("24khz", 24000), ("48khz", 48000)]
)
@pytest.mark.parametrize("stream", [False, True])
def test_every_rate(server: ServerThread, output: str, rate: int, stream: bool) -> None:
    reply = ask(server, output=output, stream=stream)
    assert reply.headers["x-sample-rate"] == str(rate)
    assert reply.headers["x-sr-applied"] == ("none" if rate == 24000 else "soxr")
    _, _, hz, samples = decoded(reply.body)
    assert (hz, len(samples)) == (rate, round(rate * SECONDS))


def test_mulaw_has_one_rate_whatever_is_asked(server: ServerThread) -> None:
    assert ask(server, format="mulaw", output="48khz").headers["x-sample-rate"] == "8000"


def test_long_texts_are_chunked_unless_somebody_says_otherwise(server: ServerThread) -> None:
    text = "The first sentence is long enough to stand. The second one is long enough as well."
    chunked, whole = ask(server, text=text), ask(server, text=text, chunking=False)
    assert [reply.headers["x-text-chunked"] for reply in (chunked, whole)] == ["true", "false"]
    assert whole.headers["x-chunking-enabled"] == "false"
    assert float(chunked.headers["x-audio-seconds"]) > 1.9 * SECONDS
    assert float(whole.headers["x-audio-seconds"]) == pytest.approx(SECONDS, abs=0.001)


def test_what_is_said_is_told_to_who_asks(server: ServerThread) -> None:
    text = "Two km, $5."
    assert "x-normalized-text" not in ask(server, text=text).headers
    told = ask(server, text=text, normalize_verbose=True, stream=True).headers
    as_written = ask(server, text=text, normalize_verbose=True, normalize=False).headers
    assert told["x-normalized-text"] != as_written["x-normalized-text"]
    assert "%245" in as_written["x-normalized-text"]


def test_null_is_as_good_as_left_out(server: ServerThread) -> None:
    names = ("temperature", "top_k", "top_p", "max_tokens", "repetition_penalty", "seed", "output")
    assert ask(server, **dict.fromkeys(names)).status == 200


def test_every_field_reaches_the_request() -> None:
    sampling = {"temperature": 0.8, "top_k": 50, "top_p": 0.9, "repetition_penalty": 1.05}
    rest = {"seed": 9, "max_tokens": 42, "normalize": False, "chunking": False}
    body = GenerateBody.model_validate({**ASKED, **sampling, **rest, "output": "48khz"})
    assert body.request() == SpeechRequest("Hello.", "tara", **sampling, **rest, words=False)


def test_a_budget_ends_it(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True)
    seconds = float(ask(server, max_tokens=70).headers["x-audio-seconds"])
    assert seconds == pytest.approx(10 * 2048 / 24000, abs=0.001)


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "text": ({"text": 7}, "VALIDATION_ERROR", "text is 7, not a string"),
    "empty": ({"text": " "}, "VALIDATION_ERROR", "nothing to speak"),
    "control": ({"text": "a\a"}, "VALIDATION_ERROR", "U+0007"),
    "long": ({"text": "a" * 301}, "TEXT_TOO_LONG", "text has 301 characters, the limit is 300"),
    "stream": ({"stream": "yes"}, "VALIDATION_ERROR", "stream is 'yes', not true or false"),
    "format": ({"format": "wma"}, "INVALID_FORMAT", "format is 'wma'"),
    "output": ({"output": "44khz"}, "VALIDATION_ERROR", "output is '44khz'"),
    "temperature": ({"temperature": 2.1}, "VALIDATION_ERROR", "must be at most 2.0"),
    "top_k": ({"top_k": -1}, "VALIDATION_ERROR", "top_k is -1, which must be at least 0"),
    "top_k 2": ({"top_k": 1.5}, "VALIDATION_ERROR", "top_k is 1.5, not a whole number"),
    "top_p": ({"top_p": 0}, "VALIDATION_ERROR", "top_p is 0, which must be at least 0.01"),
    "max_tokens": ({"max_tokens": 0}, "VALIDATION_ERROR", "max_tokens is 0"),
    "penalty": ({"repetition_penalty": 9}, "VALIDATION_ERROR", "repetition_penalty is 9"),
    "seed": ({"seed": -1}, "VALIDATION_ERROR", "seed is -1"),
    "normalize": ({"normalize": 1}, "VALIDATION_ERROR", "normalize is 1, not true or false"),
    "verbose": ({"normalize_verbose": "x"}, "VALIDATION_ERROR", "normalize_verbose is 'x'"),
    "chunking": ({"chunking": None}, "VALIDATION_ERROR", "chunking is None"),
    "unknown": ({"pitch": 1}, "VALIDATION_ERROR", "field 'pitch' is unknown"),
}


@pytest.mark.parametrize(("fields", "code", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_field(server: ServerThread, fields: dict[str, Any], code: str, said: str) -> None:
    reply = ask(server, **fields)
    assert reply.status == 400
    found, message = error(reply)
    assert found == code
    assert said in message


def test_an_unknown_speaker(server: ServerThread) -> None:
    reply = ask(server, speaker="bob")
    assert reply.status == 404
    code, message = error(reply)
    assert code == "INVALID_SPEAKER"
    assert "tara" in message


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "VALIDATION_ERROR"),
        (b"[]", 400, "VALIDATION_ERROR"),
        (b'{"text": "Hi."}', 400, "VALIDATION_ERROR"),
        (b'{"speaker": "tara"}', 400, "VALIDATION_ERROR"),
        (b'{"text": "' + b"a" * 70_000 + b'"}', 413, "TEXT_TOO_LONG"),
    ],
)
def test_a_wrong_body(server: ServerThread, content: bytes, status: int, code: str) -> None:
    reply = send(server.port, content, path=PATH)
    assert (reply.status, error(reply)[0]) == (status, code)


def test_a_body_that_is_not_called_json(server: ServerThread) -> None:
    reply = send(server.port, b"{}", "text/plain", path=PATH)
    assert (reply.status, error(reply)[0]) == (415, "VALIDATION_ERROR")


def test_an_engine_that_fails_has_a_status_also_after_the_first_audio(
    server: ServerThread,
) -> None:
    """Of a whole answer nothing has been sent by then."""
    server.backend.behaviour = Behaviour(endless=True, rate=300, fail_at=120)
    whole, streamed = ask(server), ask(server, stream=True)
    assert (whole.status, error(whole)[0]) == (500, "GENERATION_FAILED")
    assert (streamed.status, streamed.whole) == (200, False)


def test_whoever_leaves_a_whole_answer_frees_its_slot(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=300)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    content = json.dumps(ASKED)
    connection.request("POST", PATH, content, {"Content-Type": "application/json"})
    wait_until(lambda: server.service.slots.active == 1)
    connection.close()
    wait_until(lambda: server.service.slots.active == 0)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (ApiKeyError, "INVALID_API_KEY"),
        (CreditError, "INSUFFICIENT_CREDITS"),
        (RateLimitError, "RATE_LIMIT_EXCEEDED"),
        (TextError, "VALIDATION_ERROR"),
        (UnknownVoiceError, "INVALID_SPEAKER"),
        (CapacityError, "SERVICE_UNAVAILABLE"),
        (DrainingError, "SERVICE_UNAVAILABLE"),
        (EngineDiedError, "GPU_FAULT"),
        (StalledError, "GENERATION_TIMEOUT"),
        (NoAudioError, "GENERATION_FAILED"),
        (BackendError, "GENERATION_FAILED"),
        (MissingDependencyError, "INTERNAL_ERROR"),
        (SlowReaderError, "INTERNAL_ERROR"),
        (TTSError, "INTERNAL_ERROR"),
    ],
)
def test_what_errors_are_called(kind: type[TTSError], code: str) -> None:
    assert error_message(kind("why")) == {"error": {"code": code, "message": "why"}}


def test_health_and_metrics_are_where_they_were(server: ServerThread) -> None:
    status, body = server.get("/v1/tts/health")
    model = server.service.synthesizer.model.folder.name
    said = {"status": "ok", "model_version": model, "app_version": __version__}
    assert (status, json.loads(body)) == (200, said)
    assert "tts_active_streams" in server.get("/v1/tts/metrics")[1]
    server.service.health.draining = True
    try:
        status, body = server.get("/v1/tts/health")
    finally:
        server.service.health.draining = False
    assert (status, json.loads(body)["status"]) == (503, "draining")


def test_a_path_below_is_refused_in_these_words(server: ServerThread) -> None:
    status, body = server.get("/v1/tts/nothing")
    assert (status, json.loads(body)["error"]["code"]) == (404, "NOT_FOUND")
    status, body = server.get(PATH)
    assert (status, json.loads(body)["error"]["code"]) == (405, "VALIDATION_ERROR")


@pytest.mark.parametrize("closed", [False, True])
def test_keys_are_asked_for_where_they_should_be(closed: bool) -> None:
    with serving(api_keys=f"alice:{digest(b'A')}", metrics_need_key=closed) as server:
        assert error(ask(server))[0] == "INVALID_API_KEY"
        assert server.get("/v1/tts/health")[0] == 200
        for path in ("/metrics", "/v1/tts/metrics"):
            assert server.get(path)[0] == (401 if closed else 200)


def test_the_description_is_true(server: ServerThread) -> None:
    paths = json.loads(server.get("/openapi.json")[1])["paths"]
    assert {PATH, "/v1/tts/health", "/v1/tts/metrics"} <= set(paths)
    about = paths[PATH]["post"]
    schema = about["requestBody"]["content"]["application/json"]["schema"]
    assert sorted(schema["required"]) == ["speaker", "text"]
    wrong = json.loads(ask(server, pitch=1).body)["error"]["message"]
    assert wrong.endswith(", ".join(sorted(schema["properties"])))
    replies = [ask(server, format=name) for name in schema["properties"]["format"]["enum"]]
    types = {reply.headers["content-type"] for reply in replies}
    assert types == set(about["responses"]["200"]["content"])
    assert {"400", "404", "413", "415", "503", "504"} <= set(about["responses"])
