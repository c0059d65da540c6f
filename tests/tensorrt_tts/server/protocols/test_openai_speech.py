"""`POST /v1/audio/speech` on a real socket: every field, limit, format and refusal."""

import base64
import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.errors import SettingError
from tensorrt_tts.server.protocols import openai_wire as wire
from tensorrt_tts.server.protocols.openai_description import SPEECH_BODY
from tests.support.altered_codecs import SteppedCodec
from tests.support.audio_files import decoded
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.examples import examples
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.speech_client import ASKED, BareRequest, Reply, ask, send

FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm", "mulaw", "alaw")
HEADERLESS = ("pcm", "mulaw", "alaw")
LOSSLESS = ("wav", "flac", "pcm")
FRAMES = 8
SAMPLES = FRAMES * 2048
RATE = 24000


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    with serving(BackendDouble(behaviour=Behaviour(frames=FRAMES)), NullCodec()) as server:
        yield server


@pytest.fixture(scope="module")
def spoken(shared: ServerThread) -> np.ndarray:
    """What every reply with this seed has to hold."""
    reply = ask(shared.port, response_format="pcm", seed=1)
    return np.frombuffer(reply.body, "<i2").astype(np.int16)


def heard(name: str, body: bytes) -> tuple[int, int, np.ndarray]:
    """(Hz, samples, int16); of G.711 only how long it is."""
    if name == "pcm":
        pcm = np.frombuffer(body, "<i2").astype(np.int16)
        return RATE, len(pcm), pcm
    if name in HEADERLESS:
        return 8000, len(body), np.zeros(0, np.int16)
    _, _, rate, samples = decoded(body)
    return rate, len(samples), samples


def test_what_every_reply_says(server: ServerThread) -> None:
    replies = [ask(server.port) for _ in range(2)]
    for reply in replies:
        assert (reply.status, reply.whole) == (200, True)
        assert reply.headers["content-type"] == "audio/mpeg"
        assert reply.headers["transfer-encoding"] == "chunked"
        assert reply.headers["x-audio-sample-rate"] == "24000"
        assert re.fullmatch("req_[0-9a-f]{32}", reply.headers["x-request-id"])
    assert replies[0].headers["x-request-id"] != replies[1].headers["x-request-id"]


def test_pcm_is_what_the_model_said(server: ServerThread, spoken: np.ndarray) -> None:
    assert len(spoken) == SAMPLES
    assert np.abs(spoken).max() > 1000


TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
    "mulaw": "audio/PCMU",
    "alaw": "audio/PCMA",
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_every_format(
    server: ServerThread, spoken: np.ndarray, name: str, stream_format: str
) -> None:
    reply = ask(server.port, response_format=name, seed=1, stream_format=stream_format)
    assert (reply.status, reply.whole) == (200, True)
    if stream_format == "sse":
        assert reply.headers["content-type"] == "text/event-stream"
        *deltas, done = reply.events
        assert {event["type"] for event in deltas} == {"speech.audio.delta"}
        body = b"".join(base64.b64decode(event["audio"]) for event in deltas)
        assert done == {
            "type": "speech.audio.done",
            "usage": {"input_tokens": 18, "output_tokens": 7 * FRAMES, "total_tokens": 74},
            "reason": "completed",
        }
    else:
        assert reply.headers["content-type"] == TYPES[name]
        body = reply.body
    rate, count, samples = heard(name, body)
    assert count / rate == pytest.approx(SAMPLES / RATE, abs=0.1)
    if name in LOSSLESS:
        np.testing.assert_array_equal(samples, spoken)


@pytest.mark.parametrize("name", FORMATS)
def test_the_first_bytes_leave_before_half_is_generated(name: str) -> None:
    """And the headers with the first chunk. Stepped, not timed: a chunk is decoded when this test
    allows it, and has been passed on when the server asks for the next."""
    codec, frames = SteppedCodec(), 20
    with serving(codec=codec) as server:
        server.backend.behaviour = Behaviour(frames=frames)
        codec.stepped = True
        with BareRequest(server.port, response_format=name) as request:
            wait_until(lambda: server.service.slots.active == 1)
            (caller,) = server.service.callers
            (context,) = caller.contexts
            while not request.has_body():
                passed_on = context.chunks
                codec.permits.release()
                while context.chunks == passed_on:
                    time.sleep(0.001)
                assert request.has_body() or b" 200 OK\r\n" in request.received
            assert context.samples < frames * 2048 / 2
            assert context.chunks <= 2
            codec.permits.release(frames)
            wait_until(lambda: context.outcome == "completed")
            while not request.received.endswith(b"\r\n0\r\n\r\n"):
                request.read_some()


@pytest.mark.parametrize("speed", [0.25, 1, 1.0, 1.3, 4.0])
def test_speed(server: ServerThread, speed: float) -> None:
    reply = ask(server.port, response_format="pcm", speed=speed)
    assert len(reply.body) == 2 * round(SAMPLES / speed)


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        *(("pcm", 8000), ("wav", 44100), ("flac", 48000), ("opus", 16000), ("mp3", 22050)),
        *(("aac", 8000), ("mulaw", 8000), ("alaw", 8000)),
    ],
)
def test_sample_rate(server: ServerThread, name: str, rate: int) -> None:
    reply = ask(server.port, response_format=name, sample_rate=rate)
    assert reply.headers["x-audio-sample-rate"] == str(rate)
    found, count, _ = heard(name, reply.body)
    if name != "pcm":
        assert found == (48000 if name == "opus" else rate)  # Opus is always played at 48 kHz
    found = rate if name == "pcm" else found
    assert count / found == pytest.approx(SAMPLES / RATE, abs=0.3)


TAKEN: dict[str, dict[str, Any]] = {
    "the least": {},
    "another model name": {"model": "gpt-4o-mini-tts"},
    "the model's own name": {"model": "lm"},
    "the name it was started by": {"model": "DEMO"},
    "a voice of ours": {"voice": "tara"},
    "a voice as an object": {"voice": {"id": "Shimmer"}},
    "instructions": {"instructions": "x" * 4096},
    "nulls": dict.fromkeys(("instructions", "speed", "response_format", "stream_format", "seed")),
    "the longest text": {"input": "Hello there. " * 315},
    "slowest": {"speed": 0.25},
    "fastest": {"speed": 4},
    "sampling": {"temperature": 0.5, "top_p": 0.9, "top_k": 40, "repetition_penalty": 1.2},
    "a budget": {"max_tokens": 21},
    "any script": {"input": "Ça va, 2 €?"},
}


@pytest.mark.parametrize("fields", TAKEN.values(), ids=TAKEN)
def test_what_is_taken(server: ServerThread, fields: dict[str, Any]) -> None:
    reply = ask(server.port, **fields)
    assert (reply.status, reply.whole) == (200, True)


def test_what_the_text_was_read_as(server: ServerThread) -> None:
    text, words = "It costs ₹500.", "It costs five hundred rupees."
    header = "x-normalized-text"
    assert unquote(ask(server.port, input=text, return_normalized=True).headers[header]) == words
    plain = ask(server.port, input=text, return_normalized=True, normalize=False)
    assert unquote(plain.headers[header]) == text
    assert header not in ask(server.port, input=text).headers
    long = ask(server.port, input="₹1,23,456 " * 100, return_normalized=True)
    assert (long.status, header in long.headers) == (200, False)
    said = [
        ask(server.port, input=text, stream_format="sse", **fields).events[-1].get("normalized")
        for fields in ({"return_normalized": True}, {})
    ]
    assert said == [words, None]


def test_a_budget_that_cuts_is_said(server: ServerThread) -> None:
    assert ask(server.port, max_tokens=21, stream_format="sse").events[-1]["reason"] == "max_tokens"


def test_the_seed_decides(server: ServerThread) -> None:
    one, again, other = (
        ask(server.port, response_format="pcm", seed=seed).body for seed in (5, 5, 6)
    )
    assert one == again != other


def test_voices_by_either_name_are_one(server: ServerThread) -> None:
    said = {
        str(voice): ask(server.port, voice=voice, response_format="pcm", seed=1).body
        for voice in ("alloy", "tara", {"id": "tara"}, "leo", "ash")
    }
    alloy, tara, same, leo, ash = said.values()
    assert alloy == tara == same
    assert leo == ash


MISSING, UNKNOWN = "missing_required_parameter", "unknown_parameter"
TYPE, VALUE = "invalid_type", "invalid_value"

REFUSED: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "no such model": ({"model": "tts-9"}, "model", "model_not_found", "'tts-9' is not served"),
    "model of a wrong kind": ({"model": 1}, "model", TYPE, "model is 1, not a string"),
    "no such voice": ({"voice": "bob"}, "voice", "unknown_voice", "tara, .* OpenAI's: alloy"),
    "no such voice id": ({"voice": {"id": "bob"}}, "voice", "unknown_voice", "'bob' is unknown"),
    "voice of a wrong kind": ({"voice": 5}, "voice", TYPE, 'voice 5: give a name such as "alloy"'),
    "voice without id": ({"voice": {}}, "voice", TYPE, "voice {}: give a name"),
    "voice with more": ({"voice": {"id": "tara", "x": 1}}, "voice", TYPE, "give a name"),
    "voice null": ({"voice": None}, "voice", TYPE, "voice None: give a name"),
    "input too long": ({"input": "x" * 4097}, "input", VALUE, "too long: at most 4096"),
    "input of a wrong kind": ({"input": ["a"]}, "input", TYPE, r"input is \['a'\], not a string"),
    "input null": ({"input": None}, "input", TYPE, "input is None, not a string"),
    "input empty": ({"input": ""}, "input", "invalid_text", "nothing to speak"),
    "input blank": ({"input": " \n\t"}, "input", "invalid_text", "nothing to speak"),
    "input emoji": ({"input": "🎉"}, "input", "invalid_text", "nothing to speak"),
    "input NUL": ({"input": "a\0b"}, "input", "invalid_text", r"U\+0000 at position 1"),
    "instructions too long": ({"instructions": "x" * 4097}, "instructions", VALUE, "most 4096"),
    "no such format": ({"response_format": "wma"}, "response_format", VALUE, "'mp3', 'opus'"),
    "format in capitals": ({"response_format": "MP3"}, "response_format", VALUE, "'mp3', 'opus'"),
    "m4a": ({"response_format": "m4a"}, "response_format", VALUE, "'mp3', 'opus'"),
    "too slow": ({"speed": 0.24}, "speed", VALUE, r"speed is 0.24, which must be at least 0.25"),
    "too fast": ({"speed": 4.01}, "speed", VALUE, r"speed is 4.01, which must be at most 4.0"),
    "speed in words": ({"speed": "fast"}, "speed", TYPE, "speed is 'fast', not a number"),
    "speed as text": ({"speed": "1.5"}, "speed", TYPE, "not a number"),
    "speed true": ({"speed": True}, "speed", TYPE, "speed is True, not a number"),
    "no such stream": ({"stream_format": "ws"}, "stream_format", VALUE, "'audio' or 'sse'"),
    "no such field": ({"pitch": 1}, "pitch", UNKNOWN, "'pitch' is unknown; the fields are: input"),
    "long field": ({"x" * 5000: 1}, "x" * 40, UNKNOWN, "is unknown"),
    "rate not of opus": (
        {"response_format": "opus", "sample_rate": 44100},
        *("sample_rate", VALUE, "44100 is none that opus takes; use 8000, 12000, 16000, 24000, 48"),
    ),
    "rate not of telephones": (
        {"response_format": "mulaw", "sample_rate": 16000},
        *("sample_rate", VALUE, "16000 is none that mulaw takes; use 8000"),
    ),
    "rate too low": (
        {"response_format": "pcm", "sample_rate": 7999},
        "sample_rate",
        VALUE,
        "least 8000",
    ),
    "rate too high": (
        {"response_format": "wav", "sample_rate": 48001},
        "sample_rate",
        VALUE,
        "48000",
    ),
    "rate in halves": ({"sample_rate": 24000.5}, "sample_rate", TYPE, "not a whole number"),
    "too hot": ({"temperature": 2.1}, "temperature", VALUE, "is 2.1, which must be at most 2.0"),
    "top_p": ({"top_p": 0}, "top_p", VALUE, "must be at "),
    "top_k": ({"top_k": -1}, "top_k", VALUE, "must be at "),
    "repetition_penalty": (
        {"repetition_penalty": 9},
        "repetition_penalty",
        VALUE,
        "which must be at ",
    ),
    "max_tokens": ({"max_tokens": 0}, "max_tokens", VALUE, "must be at "),
    "seed": ({"seed": -1}, "seed", VALUE, "must be at "),
    "seed beyond numbers": ({"seed": 2**70}, "seed", TYPE, "not a whole number"),
}


@pytest.mark.parametrize(("fields", "param", "code", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(
    server: ServerThread, fields: dict[str, Any], param: str, code: str, says: str
) -> None:
    started = len(server.backend.started)
    reply = ask(server.port, **fields)
    assert reply.status == (404 if code == "model_not_found" else 400)
    error = reply.error
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert re.search(says, error["message"]), error["message"]
    assert "\n" not in error["message"]
    assert len(error["message"]) < 400
    assert reply.headers["x-request-id"].startswith("req_")
    assert len(server.backend.started) == started


@pytest.mark.parametrize("field", ["model", "input", "voice"])
def test_a_field_that_is_missing(server: ServerThread, field: str) -> None:
    content = {name: value for name, value in ASKED.items() if name != field}
    reply = send(server.port, json.dumps(content).encode())
    assert reply.status == 400
    assert reply.error == {
        "message": f"field '{field}' is missing",
        "type": "invalid_request_error",
        "param": field,
        "code": "missing_required_parameter",
    }


BODIES = {
    "nothing": (b"", 400, "invalid_json"),
    "no JSON": (b"{", 400, "invalid_json"),
    "not UTF-8": (b'{"input": "\xff"}', 400, "invalid_json"),
    "half a character": (b'{"input": "\\ud800"}', 400, "invalid_json"),
    "NaN": (b'{"speed": NaN}', 400, "invalid_json"),
    "a list": (b"[]", 400, "invalid_type"),
    "null": (b"null", 400, "invalid_type"),
    "nested without end": (b"[" * 100_000, 400, "invalid_json"),
    "too long": (b" " * 131_073, 413, "message_too_big"),
}


@pytest.mark.parametrize(("content", "status", "code"), BODIES.values(), ids=BODIES)
def test_bodies_that_are_none(server: ServerThread, content: bytes, status: int, code: str) -> None:
    reply = send(server.port, content)
    assert (reply.status, reply.error["code"], reply.error["param"]) == (status, code, None)


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_page_of_somebody_else_s_cannot_ask(
    server: ServerThread, content_type: str | None
) -> None:
    """Browsers send these types anywhere, and JSON only where a server allows it."""
    reply = send(server.port, json.dumps(ASKED).encode(), content_type)
    assert (reply.status, reply.error["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json;"]
)
def test_json_by_its_other_spellings(server: ServerThread, content_type: str) -> None:
    assert send(server.port, json.dumps(ASKED).encode(), content_type).status == 200


def test_the_accept_header_decides_nothing(server: ServerThread) -> None:
    """OpenAI's client asks for application/octet-stream, events too."""
    content = json.dumps({**ASKED, "stream_format": "sse"}).encode()
    reply = send(server.port, content, headers={"Accept": "application/octet-stream"})
    assert reply.headers["content-type"] == "text/event-stream"


def test_models(server: ServerThread) -> None:
    status, text = server.get("/v1/models")
    about = json.loads(text)
    assert (status, about["object"]) == (200, "list")
    assert {"lm", "demo", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"} <= {
        m["id"] for m in about["data"]
    }
    assert all(set(m) == {"id", "object", "created", "owned_by"} for m in about["data"])
    assert json.loads(server.get("/v1/models/tts-1")[1]) in about["data"]
    status, text = server.get("/v1/models/gpt-5")
    assert (status, json.loads(text)["error"]["code"]) == (404, "model_not_found")


def test_voices(server: ServerThread) -> None:
    about = json.loads(server.get("/v1/audio/voices")[1])
    assert about["voices"][0] == {"name": "tara", "language": "en"}
    assert about["openai_voices"]["alloy"] == "tara"
    assert len(about["openai_voices"]) == 13
    assert about["formats"] == list(FORMATS)


def test_the_description_is_true(server: ServerThread) -> None:
    about = json.loads(server.get("/openapi.json")[1])["paths"]["/v1/audio/speech"]["post"]
    schema = about["requestBody"]["content"]["application/json"]["schema"]
    fields = schema["properties"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["model", "input", "voice"]
    assert fields["input"]["maxLength"] == 4096
    assert fields["voice"]["anyOf"][1]["required"] == ["id"]
    assert fields["speed"]["anyOf"][0] == {"maximum": 4.0, "minimum": 0.25, "type": "number"}
    assert fields["response_format"]["anyOf"][0]["enum"] == list(FORMATS)
    assert fields["temperature"]["anyOf"][0]["maximum"] == 2.0
    assert "$ref" not in json.dumps(schema)
    assert set(map(int, about["responses"])) == {200, 400, 403, 404, 408, 413, 415, 500, 503, 504}
    assert set(about["responses"]["200"]["content"]) == {*TYPES.values(), "text/event-stream"}


@given(st.data())
def test_what_the_description_allows_is_taken(data: st.DataObject) -> None:
    """By the rules that JSON Schema has words for; the rest is what `message` says."""
    schema = SPEECH_BODY["content"]["application/json"]["schema"]
    fields = {
        name: data.draw(_values(rules), label=name)
        for name, rules in schema["properties"].items()
        if name in schema["required"] or data.draw(st.booleans())
    }
    body = wire.parse(json.dumps(fields).encode())
    assert body.model_dump(exclude_unset=True, mode="json") == fields


def _values(rules: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "anyOf" in rules:
        return st.one_of(map(_values, rules["anyOf"]))
    if "enum" in rules:
        return st.sampled_from(rules["enum"])
    low, high = rules.get("minimum"), rules.get("maximum")
    characters = st.characters(codec="utf-8")
    return {
        "string": st.text(characters, max_size=rules.get("maxLength", 50)),
        "number": st.floats(low, high),
        "integer": st.integers(low, high),
        "boolean": st.booleans(),
        "null": st.none(),
        "object": st.fixed_dictionaries({"id": st.text(characters)}),
    }[rules["type"]]


def test_a_voice_table_that_means_nobody_ends_the_start() -> None:
    with (
        pytest.raises(SettingError, match="the voice 'bob', which the model does not have"),
        serving(codec=NullCodec(), openai_voices={"alloy": "bob"}),
    ):
        pass


def test_a_voice_table() -> None:
    with serving(codec=NullCodec(), openai_voices={"alloy": "leo"}) as server:
        alloy, leo = (ask(server.port, voice=name, seed=1).body for name in ("alloy", "leo"))
    assert alloy == leo


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/v1/audio/nothing", "/v1/chat/completions"])
def test_wrong_methods_and_paths_in_openai_s_shape(server: ServerThread, path: str) -> None:
    status, text = server.get(path)
    error = json.loads(text)["error"]
    assert status == (405 if path == "/v1/audio/speech" else 404)
    assert (error["type"], error["param"]) == ("invalid_request_error", None)


def test_what_became_of_it_is_counted_and_logged_by_its_name(
    server: ServerThread, caplog: pytest.LogCaptureFixture
) -> None:
    completed = 'tts_requests_total{outcome="completed"}'
    unknown = 'tts_requests_total{outcome="unknown_voice"}'
    before = server.metric(completed), server.metric(unknown)
    with caplog.at_level("INFO"):
        name = ask(server.port).headers["x-request-id"]
        ask(server.port, voice="bob")
    assert (server.metric(completed), server.metric(unknown)) == (before[0] + 1, before[1] + 1)
    assert f"{name}: completed: 6 characters" in caplog.text


ODD: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["tts-1", "alloy", "wav", "sse", "Hello.", 1, 0.5, 24000, 8000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
NAMES = st.sampled_from(
    [
        *("model", "input", "voice", "instructions", "response_format", "speed", "stream_format"),
        *("sample_rate", "temperature", "top_p", "top_k", "repetition_penalty", "max_tokens"),
        "seed",
    ]
)


def judged(reply: Reply) -> None:
    assert reply.whole
    if reply.status == 200:
        assert reply.body
        return
    assert reply.status in (400, 404)
    assert reply.error["type"] == "invalid_request_error"


def test_no_values_are_the_server_s_fault(server: ServerThread) -> None:
    @settings(max_examples=examples(200))
    @given(st.dictionaries(NAMES | st.text(max_size=8), ODD, max_size=4))
    def holds(fields: dict[str, Any]) -> None:
        content = json.dumps({**ASKED, "max_tokens": 28, **fields}).encode()
        judged(send(server.port, content))

    holds()


def test_no_bytes_are_the_server_s_fault(server: ServerThread) -> None:
    @given(st.binary(max_size=200) | ODD.map(lambda value: json.dumps(value).encode()))
    def holds(content: bytes) -> None:
        judged(send(server.port, content))

    holds()


def test_no_text_is_the_server_s_fault(server: ServerThread) -> None:
    """Nor of any voice, in any format."""

    @given(st.text(max_size=60), st.sampled_from(FORMATS), st.floats(0.25, 4))
    def holds(text: str, name: str, speed: float) -> None:
        content = {**ASKED, "input": text, "response_format": name, "speed": speed}
        judged(send(server.port, json.dumps(content).encode(errors="surrogatepass")))

    holds()
