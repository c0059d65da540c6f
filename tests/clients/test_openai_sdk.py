"""The real `openai` package against a real server. `make test-clients`; skipped without it."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clients.conftest import SENTENCE_SAMPLES, SHORT, SPEAKING
from tests.support.altered_codecs import FailingCodec
from tests.support.audio_files import decoded
from tests.support.backend_double import Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until

httpx2 = pytest.importorskip("httpx2", reason="comes with openai")
openai = pytest.importorskip("openai", reason="needs the openai package: make test-clients")

VOICES = (
    *("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx"),
    *("sage", "shimmer", "verse"),
)
FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm")
HELLO: dict[str, Any] = {"model": "tts-1", "voice": "alloy", "input": "Hello."}


def client_of(server: ServerThread, **options: Any) -> Any:
    address = f"http://127.0.0.1:{server.port}/v1"
    return openai.OpenAI(base_url=address, api_key="none", **{"max_retries": 0} | options)


@pytest.fixture
def client(server: ServerThread) -> Iterator[Any]:
    with client_of(server) as client:
        yield client


def pcm_of(client: Any, **fields: Any) -> np.ndarray:
    content = client.audio.speech.create(**{**HELLO, "response_format": "pcm", **fields}).content
    return np.frombuffer(content, "<i2").astype(np.int16)


@pytest.mark.parametrize("model", ["tts-1", "tts-1-hd", "gpt-4o-mini-tts"])
def test_every_model_name(client: Any, model: str) -> None:
    assert len(pcm_of(client, model=model)) == SENTENCE_SAMPLES


@pytest.mark.parametrize("voice", VOICES)
def test_every_voice_that_the_client_knows(client: Any, voice: str) -> None:
    assert len(pcm_of(client, voice=voice)) == SENTENCE_SAMPLES


@pytest.mark.parametrize("voice", ["tara", "zoe", {"id": "leo"}])
def test_voices_of_ours(client: Any, voice: Any) -> None:
    assert len(pcm_of(client, voice=voice)) == SENTENCE_SAMPLES


@pytest.mark.parametrize("name", FORMATS)
def test_every_format(client: Any, name: str) -> None:
    body = client.audio.speech.create(**HELLO, response_format=name).content
    if name == "pcm":
        assert len(body) == 2 * SENTENCE_SAMPLES
        return
    _, codec, rate, samples = decoded(body)
    assert codec == {"wav": "pcm_s16le"}.get(name, name)
    assert len(samples) / rate == pytest.approx(SENTENCE_SAMPLES / 24000, abs=0.1)


@pytest.mark.parametrize("name", FORMATS)
def test_events(client: Any, name: str) -> None:
    with client.audio.speech.with_streaming_response.create(
        **HELLO, response_format=name, stream_format="sse", extra_body={"seed": 1}
    ) as response:
        events = [json.loads(line[6:]) for line in response.iter_lines() if line]
    *deltas, done = events
    whole = client.audio.speech.create(**HELLO, response_format=name, extra_body={"seed": 1})
    joined = b"".join(base64.b64decode(event["audio"]) for event in deltas)
    if name != "opus":  # whose container has a number of its own in every stream
        assert joined == whole.content
    assert len(joined) == len(whole.content)
    assert done["usage"]["total_tokens"] == (
        done["usage"]["input_tokens"] + done["usage"]["output_tokens"]
    )


def test_speed_instructions_and_fields_of_ours(client: Any) -> None:
    said = pcm_of(client, speed=2.0, instructions="Whisper.", extra_body={"sample_rate": 8000})
    assert len(said) == pytest.approx(SENTENCE_SAMPLES / 2 / 3, abs=1)


def test_into_a_file(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    with client.audio.speech.with_streaming_response.create(
        **HELLO, response_format="wav"
    ) as response:
        response.stream_to_file(path)
    assert decoded(path)[2] == 24000


def test_the_first_bytes_come_while_it_speaks(server: ServerThread, client: Any) -> None:
    """And a client that has heard enough frees the slot."""
    server.backend.behaviour = SPEAKING
    for name in FORMATS:
        with client.audio.speech.with_streaming_response.create(
            **HELLO, response_format=name
        ) as response:
            parts = response.iter_bytes()
            assert len(next(parts)) > 0
            assert server.service.slots.active == 1
        wait_until(lambda: server.service.slots.active == 0)


async def test_the_async_client_interrupts_too(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    address = f"http://127.0.0.1:{server.port}/v1"
    async with openai.AsyncOpenAI(base_url=address, api_key="none", max_retries=0) as client:
        async with client.audio.speech.with_streaming_response.create(**HELLO) as response:
            async for part in response.iter_bytes():
                assert len(part) > 0
                break
        wait_until(lambda: server.service.slots.active == 0)


WRONG: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "voice": ({"voice": "bob"}, "BadRequestError", "voice", "unknown_voice"),
    "model": ({"model": "gpt-9"}, "NotFoundError", "model", "model_not_found"),
    "speed": ({"speed": 9}, "BadRequestError", "speed", "invalid_value"),
    "input": ({"input": ""}, "BadRequestError", "input", "invalid_text"),
    "length": ({"input": "a " * 2049}, "BadRequestError", "input", "invalid_value"),
    "format": ({"response_format": "wma"}, "BadRequestError", "response_format", "invalid_value"),
    "field": ({"extra_body": {"x": 1}}, "BadRequestError", "x", "unknown_parameter"),
}


@pytest.mark.parametrize(("fields", "kind", "param", "code"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_the_client_s_own_exception(
    client: Any, fields: dict[str, Any], kind: str, param: str, code: str
) -> None:
    with pytest.raises(getattr(openai, kind)) as raised:
        client.audio.speech.create(**{**HELLO, **fields})
    error = raised.value
    assert (error.param, error.code, error.type) == (param, code, "invalid_request_error")
    assert error.request_id.startswith("req_")


def test_a_full_server_is_its_exception_and_is_asked_again(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    with client_of(server) as client, client_of(server, max_retries=2) as patient:
        with client.audio.speech.with_streaming_response.create(**HELLO) as speaking:
            parts = speaking.iter_bytes()
            next(parts)
            with pytest.raises(openai.InternalServerError) as raised:
                client.audio.speech.create(**HELLO)
            assert (raised.value.status_code, raised.value.code) == (503, "overloaded")
            assert int(raised.value.response.headers["retry-after"]) >= 1
        server.backend.behaviour = SHORT
        assert patient.audio.speech.create(**HELLO).content


def test_no_audio_is_its_exception(server: ServerThread, client: Any) -> None:
    server.backend.behaviour = Behaviour(frames=0)
    with pytest.raises(openai.InternalServerError) as raised:
        client.audio.speech.create(**HELLO)
    assert (raised.value.status_code, raised.value.code) == (500, "no_audio")


def test_a_body_that_is_cut_raises() -> None:
    """Half a sentence never passes for a whole one."""
    codec = FailingCodec()
    with serving(codec=codec) as server, client_of(server) as client:
        codec.left = 3
        with pytest.raises(openai.APIConnectionError):
            client.audio.speech.create(**HELLO)
        codec.left = 3
        with client.audio.speech.with_streaming_response.create(**HELLO) as response:
            parts = response.iter_bytes()
            assert len(next(parts)) > 0
            with pytest.raises(httpx2.RemoteProtocolError, match="incomplete chunked read"):
                list(parts)


def test_models(client: Any) -> None:
    names = [model.id for model in client.models.list()]
    assert {"tts-1", "tts-1-hd", "gpt-4o-mini-tts"} <= set(names)
    assert client.models.retrieve("tts-1").object == "model"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-9")
