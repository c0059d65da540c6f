"""Deepgram's and ElevenLabs' own packages against a real server. `make test-clients`; skipped
without them."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import InvalidStatus

from tests.clients.conftest import SENTENCE_SAMPLES, SPEAKING
from tests.support.audio_files import decoded
from tests.support.backend_double import Behaviour
from tests.support.server_thread import ServerThread, wait_until

with warnings.catch_warnings():  # of their imports, which are theirs
    warnings.simplefilter("ignore")
    httpx = pytest.importorskip("httpx", reason="comes with deepgram-sdk")
    deepgram = pytest.importorskip("deepgram", reason="needs deepgram-sdk: make test-clients")
    elevenlabs = pytest.importorskip("elevenlabs", reason="needs elevenlabs: make test-clients")
    from deepgram.core.api_error import ApiError as DeepgramError
    from deepgram.environment import DeepgramClientEnvironment
    from deepgram.speak.v1.types import SpeakV1Text
    from elevenlabs.core.api_error import ApiError as ElevenLabsError

pytestmark = pytest.mark.filterwarnings("ignore")

VOICE = "21m00Tcm4TlvDq8ikWAM"


def address(server: ServerThread) -> dict[str, str]:
    http, ws = (f"{scheme}://127.0.0.1:{server.port}" for scheme in ("http", "ws"))
    return {"base": http, "production": ws, "agent": ws, "agent_rest": http}


@pytest.fixture
def dg(server: ServerThread) -> Iterator[Any]:
    where = DeepgramClientEnvironment(**address(server))
    with httpx.Client() as http:
        yield deepgram.DeepgramClient(api_key="none", environment=where, httpx_client=http)


@pytest.fixture
def el(server: ServerThread) -> Iterator[Any]:
    base_url = f"http://127.0.0.1:{server.port}"
    with httpx.Client() as http:
        yield elevenlabs.ElevenLabs(base_url=base_url, api_key="none", httpx_client=http)


# Deepgram


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("linear16", "pcm_s16le"),
        ("mulaw", "pcm_mulaw"),
        ("mp3", "mp3"),
        ("opus", "opus"),
        ("flac", "flac"),
        ("aac", "aac"),
    ],
)
def test_deepgram_over_http(dg: Any, encoding: str, codec: str) -> None:
    body = b"".join(
        dg.speak.v1.audio.generate(text="Hello.", model="aura-2-thalia-en", encoding=encoding)
    )
    _, found, rate, samples = decoded(body)
    assert found == codec
    assert len(samples) / rate == pytest.approx(SENTENCE_SAMPLES / 24000, abs=0.1)


def test_deepgram_streams_over_http_and_stops(server: ServerThread, dg: Any) -> None:
    server.backend.behaviour = SPEAKING
    parts = dg.speak.v1.audio.generate(text="Hello.", encoding="linear16", container="none")
    assert len(next(parts)) > 0
    assert server.service.slots.active == 1
    parts.close()
    wait_until(lambda: server.service.slots.active == 0)


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"model": "nobody"}, 400, "UNKNOWN_VOICE"),
        ({"encoding": "wma"}, 400, "INVALID_VALUE"),
        ({"text": ""}, 400, "INVALID_TEXT"),
    ],
)
def test_deepgram_s_own_exception(dg: Any, asked: dict[str, Any], status: int, code: str) -> None:
    with pytest.raises(DeepgramError) as raised:
        list(dg.speak.v1.audio.generate(**{"text": "Hello.", **asked}))
    assert (raised.value.status_code, raised.value.body["err_code"]) == (status, code)


def test_deepgram_hears_that_the_server_is_full(server: ServerThread, dg: Any) -> None:
    server.backend.behaviour = SPEAKING
    parts = dg.speak.v1.audio.generate(text="Hello.", encoding="linear16", container="none")
    next(parts)
    once = {"max_retries": 0}
    with pytest.raises(DeepgramError) as raised:
        list(dg.speak.v1.audio.generate(text="Hello.", request_options=once))
    assert (raised.value.status_code, raised.value.body["err_code"]) == (503, "OVERLOADED")
    parts.close()


def test_deepgram_over_its_websocket(server: ServerThread, dg: Any) -> None:
    with dg.speak.v1.connect(model="aura-2-thalia-en", encoding="linear16") as socket:
        assert socket.recv().type == "Metadata"
        for piece in ("Hello ", "there."):
            socket.send_text(SpeakV1Text(text=piece))
        socket.send_flush()
        audio = b""
        while isinstance(message := socket.recv(), bytes):
            audio += message
        assert (message.type, message.sequence_id) == ("Flushed", 0)
        assert len(audio) == 2 * SENTENCE_SAMPLES
        server.backend.behaviour = SPEAKING
        socket.send_text(SpeakV1Text(text="A sentence that is never finished. "))
        while not isinstance(socket.recv(), bytes):
            pass
        socket.send_clear()
        wait_until(lambda: server.service.slots.active == 0)
        while isinstance(message := socket.recv(), bytes):
            pass
        assert (message.type, message.sequence_id) == ("Cleared", 1)
        socket.send_close()


def test_deepgram_is_refused_a_socket_in_its_own_exception(dg: Any) -> None:
    """The one of the library that it has its WebSockets from."""
    with pytest.raises(InvalidStatus) as raised, dg.speak.v1.connect(model="nobody"):
        pass
    assert b"UNKNOWN_VOICE" in raised.value.response.body


# ElevenLabs


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["mp3_44100_128", "opus_48000_64", "pcm_24000"])
def test_elevenlabs_over_http(el: Any, name: str, stream: bool) -> None:
    ask = el.text_to_speech.stream if stream else el.text_to_speech.convert
    body = b"".join(ask(VOICE, text="Hello.", output_format=name))
    if name == "pcm_24000":
        assert len(body) == 2 * SENTENCE_SAMPLES
        return
    _, codec, rate, samples = decoded(body)
    assert codec == name.partition("_")[0]
    assert len(samples) / rate == pytest.approx(SENTENCE_SAMPLES / 24000, abs=0.1)


def times(parts: list[Any]) -> list[tuple[str, float, float]]:
    """Of each character, as the package reads them."""
    found = [part.alignment for part in parts if part.alignment is not None]
    return [
        character
        for alignment in found
        for character in zip(
            alignment.characters,
            alignment.character_start_times_seconds,
            alignment.character_end_times_seconds,
            strict=True,
        )
    ]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["mp3_44100_128", "pcm_24000"])
def test_elevenlabs_with_timestamps(el: Any, name: str, stream: bool) -> None:
    speech, text = el.text_to_speech, "Hello there, all of you."
    ask = speech.stream_with_timestamps if stream else speech.convert_with_timestamps
    answer = ask(VOICE, text=text, output_format=name)
    parts = list(answer) if stream else [answer]
    audio = b"".join(base64.b64decode(part.audio_base_64) for part in parts)
    if name == "pcm_24000":
        assert len(audio) == 2 * SENTENCE_SAMPLES
    else:
        assert decoded(audio)[1] == "mp3"
    said = times(parts)
    assert "".join(character for character, _, _ in said) == text
    edges = [edge for _, start, end in said for edge in (start, end)]
    assert edges == sorted(edges)
    assert edges[-1] <= SENTENCE_SAMPLES / 24000
    if stream:
        assert len(parts) > 2
    else:
        assert answer.normalized_alignment == answer.alignment


def test_elevenlabs_streams_timestamps_and_stops(server: ServerThread, el: Any) -> None:
    server.backend.behaviour = SPEAKING
    parts = el.text_to_speech.stream_with_timestamps(
        VOICE, text="This never ends.", output_format="pcm_24000"
    )
    assert next(parts).audio_base_64
    assert server.service.slots.active == 1
    parts.close()
    wait_until(lambda: server.service.slots.active == 0)


@pytest.mark.parametrize("stream", [False, True])
def test_elevenlabs_s_own_exception_with_timestamps(el: Any, stream: bool) -> None:
    speech = el.text_to_speech
    ask = speech.stream_with_timestamps if stream else speech.convert_with_timestamps
    with pytest.raises(ElevenLabsError) as raised:
        list(ask("nobody", text="Hello."))
    assert (raised.value.status_code, raised.value.body["detail"]["status"]) == (
        404,
        "unknown_voice",
    )


def test_elevenlabs_fields(el: Any) -> None:
    body = b"".join(
        el.text_to_speech.convert(
            "tara",
            text="Hello.",
            model_id="eleven_flash_v2_5",
            seed=1,
            previous_text="Well.",
            apply_text_normalization="off",
            voice_settings=elevenlabs.VoiceSettings(stability=0.5, speed=2.0),
            output_format="pcm_24000",
        )
    )
    assert len(np.frombuffer(body, "<i2")) == SENTENCE_SAMPLES / 2


def test_elevenlabs_streams_and_stops(server: ServerThread, el: Any) -> None:
    server.backend.behaviour = SPEAKING
    parts = el.text_to_speech.stream(VOICE, text="Hello.", output_format="pcm_24000")
    assert len(next(parts)) > 0
    assert server.service.slots.active == 1
    parts.close()
    wait_until(lambda: server.service.slots.active == 0)


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"voice_id": "nobody"}, 404, "unknown_voice"),
        ({"output_format": "wma_8000"}, 400, "invalid_value"),
        ({"text": ""}, 400, "invalid_text"),
    ],
)
def test_elevenlabs_s_own_exception(el: Any, asked: dict[str, Any], status: int, code: str) -> None:
    with pytest.raises(ElevenLabsError) as raised:
        list(el.text_to_speech.convert(**{"voice_id": VOICE, "text": "Hello.", **asked}))
    error = raised.value
    assert (error.status_code, error.body["detail"]["status"]) == (status, code)


def test_elevenlabs_hears_that_the_server_is_full(server: ServerThread, el: Any) -> None:
    server.backend.behaviour = SPEAKING
    parts = el.text_to_speech.stream(VOICE, text="Hello.", output_format="pcm_24000")
    next(parts)
    once = {"max_retries": 0}
    with pytest.raises(ElevenLabsError) as raised:
        list(el.text_to_speech.convert(VOICE, text="Hello.", request_options=once))
    assert raised.value.status_code == 503
    assert raised.value.body["detail"]["status"] == "overloaded"
    parts.close()


def test_elevenlabs_lists_the_voices(el: Any) -> None:
    assert "tara" in [voice.voice_id for voice in el.voices.get_all().voices]


@pytest.fixture
def realtime(server: ServerThread, monkeypatch: pytest.MonkeyPatch, el: Any) -> Any:
    """Its package asks for TLS whatever the address says, so it needs a proxy with a certificate;
    here that step is taken out of it."""
    speech = el.text_to_speech
    monkeypatch.setattr(speech, "_ws_base_url", f"ws://127.0.0.1:{server.port}")
    return speech


def test_elevenlabs_in_real_time(realtime: Any) -> None:
    pieces = iter(["Hello ", "there. ", "How are you?"])
    audio = b"".join(realtime.convert_realtime(VOICE, text=pieces, output_format="pcm_24000"))
    assert len(audio) >= 2 * SENTENCE_SAMPLES


def test_elevenlabs_hears_the_first_sentence_before_the_last_token(realtime: Any) -> None:
    heard, whole = False, False

    def text() -> Iterator[str]:
        nonlocal whole
        yield "The first sentence is quite long enough to stand here alone. "
        while not heard:
            yield "and "
        yield "that is all."
        whole = True

    audio = realtime.convert_realtime(VOICE, text=text(), output_format="pcm_24000")
    assert next(audio)
    assert not whole
    heard = True
    list(audio)
    assert whole


def test_elevenlabs_in_real_time_hears_of_a_failure(server: ServerThread, realtime: Any) -> None:
    server.backend.behaviour = Behaviour(frames=0)
    with pytest.raises(ElevenLabsError):
        list(realtime.convert_realtime(VOICE, text=iter(["Hello."]), output_format="pcm_24000"))
