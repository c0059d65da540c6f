"""The words of Cartesia's speech API: what a client may ask for, checked, and what it is told. No
sockets.

Fields as in Cartesia's Python package 4.2 and in what Pipecat 1.14 and LiveKit 1.8 send. Their
versions of the API differ in fields that mean nothing here, so what is not known is passed over.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from tensorrt_tts.audio.audio_output import AudioOutput
from tensorrt_tts.audio.encode import ENCODINGS, Encoding
from tensorrt_tts.server.protocols.fields import (
    SampleRate,
    Speed,
    checked,
    invalid,
    json_object,
    sampling_field,
)
from tensorrt_tts.server.protocols.wire import encode
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.validation import shown

if TYPE_CHECKING:
    from tensorrt_tts.audio.audio_source import AudioSource
    from tensorrt_tts.errors import InputError, TTSError
    from tensorrt_tts.server.protocols.foreign_voices import ForeignVoices
    from tensorrt_tts.words import Word

VOICE_IDS = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""What Cartesia's voices are called: f786b574-daa5-4673-aa0c-cbe3e8534c02."""

MAX_ID_CHARACTERS = 256
"""Of a context's."""

MAX_BUFFER_DELAY_MS = 3000
"""Unless a client says otherwise: Cartesia's."""

NO_FLUSH = 0
"""The id of a `flush_done` that answers none; Cartesia's begin at 1."""

_CODECS = {
    "pcm_s16le": ("s16le", "audio/pcm"),
    "pcm_f32le": ("f32le", "audio/pcm"),
    "pcm_mulaw": ("mulaw", "audio/PCMU"),
    "pcm_alaw": ("alaw", "audio/PCMA"),
}
"""FFmpeg's codec has the name; the container of its bare samples and their content type."""

EXAMPLE = (
    '{"context_id": "1", "transcript": "Hello.", "voice": {"id": "tara"}, "output_format": '
    '{"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000}}'
)

_VOICE_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "required": ["id"],
            "properties": {"id": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        },
    ]
}

CONTENT_TYPES = ("audio/wav", "audio/mpeg", "audio/pcm", "audio/PCMU", "audio/PCMA")
"""Of the answer to `/tts/bytes`."""


class _Fields(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class OutputFormat(_Fields):
    """encoding: of raw and wav. bit_rate: of mp3, in bits per second."""

    container: Literal["raw", "wav", "mp3"]
    sample_rate: SampleRate
    encoding: Literal["pcm_s16le", "pcm_f32le", "pcm_mulaw", "pcm_alaw"] | None = None
    bit_rate: int = Field(128_000, ge=8_000, le=320_000)

    def output(self, source: AudioSource, speed: float) -> AudioOutput:
        """Raises InputError."""
        return AudioOutput(self._encoding(), source, self.sample_rate, speed)

    def _encoding(self) -> Encoding:
        if self.container == "mp3":
            encoding = replace(ENCODINGS["mp3"], bit_rate=self.bit_rate)
            if self.sample_rate not in encoding.rates:
                takes = ", ".join(map(str, encoding.rates))
                raise self._invalid("sample_rate", self.sample_rate, f"mp3 takes {takes}")
            return encoding
        if self.encoding is None:
            raise self._invalid("encoding", None, f"use one of {', '.join(_CODECS)}")
        if self.container == "wav":
            return replace(ENCODINGS["wav"], codec=self.encoding)
        container, content_type = _CODECS[self.encoding]
        return Encoding(self.encoding, content_type, container, self.encoding)

    def _invalid(self, field: str, value: object, remedy: str) -> InputError:
        said = f"output_format.{field} is {shown(value)}; {remedy}"
        return invalid(said, "output_format")


class RawFormat(OutputFormat):
    """Of what is sent in messages."""

    container: Literal["raw"]


class VoiceById(_Fields):
    """id: None for the model's default."""

    id: str | None


def _voice(given: object) -> object:
    """A name alone is as good as an object. Cartesia has had others, without an id."""
    if isinstance(given, str):
        return {"id": given}
    if not isinstance(given, dict) or "id" not in given:
        raise ValueError(f'{shown(given)} names no voice; give one such as {{"id": "tara"}}')
    return given


class GenerationConfig(_Fields):
    """volume and emotion are taken and have no effect."""

    speed: Speed | None = None


class _Speech(_Fields):
    """What sockets and POSTs ask for alike. `model_id` and `language` have no effect: there is one
    model, and each of its voices has its language. normalization: "off" leaves numbers, dates and
    the like as they are written. seed: ours; two requests with the same one sound the same."""

    transcript: str
    voice: Annotated[VoiceById, BeforeValidator(_voice), WithJsonSchema(_VOICE_SCHEMA)]
    generation_config: GenerationConfig | None = None
    add_timestamps: bool | None = None
    normalization: str | None = None
    seed: int | None = sampling_field("seed")

    def request(self, voices: ForeignVoices, text: str = "") -> SpeechRequest:
        """Raises InputError for a voice that nobody has."""
        asked = self.voice.id
        return SpeechRequest(
            text,
            None if asked is None else voices.find(asked),
            seed=self.seed,
            normalize=self.normalization != "off",
            words=bool(self.add_timestamps),
        )

    @property
    def speed(self) -> float:
        return (self.generation_config and self.generation_config.speed) or 1.0


class BytesBody(_Speech):
    """Of `POST /tts/bytes`."""

    output_format: OutputFormat


class SseBody(_Speech):
    """Of `POST /tts/sse`."""

    output_format: RawFormat
    context_id: str | None = Field(default=None, max_length=MAX_ID_CHARACTERS)


class SpeakMessage(_Speech):
    """On a WebSocket: text for a context. The first one opens it, and its fields hold for all."""

    output_format: RawFormat
    context_id: str = Field(max_length=MAX_ID_CHARACTERS)
    continue_: bool | None = Field(default=None, alias="continue")
    flush: bool | None = None
    max_buffer_delay_ms: int | None = Field(default=None, ge=0, le=60_000)

    @property
    def delay_s(self) -> float:
        """How long a sentence without an end is waited for; 0: every transcript is spoken as it
        is."""
        given = self.max_buffer_delay_ms
        return (MAX_BUFFER_DELAY_MS if given is None else given) / 1000


class CancelMessage(_Fields):
    cancel: Literal[True]
    context_id: str = Field(max_length=MAX_ID_CHARACTERS)


def parse(text: str) -> SpeakMessage | CancelMessage:
    """Raises InputError naming the first field that is wrong."""
    fields = json_object(text, EXAMPLE, "message")
    if "cancel" in fields:
        return checked(fields, CancelMessage)
    return checked(fields, SpeakMessage)


def request_id() -> str:
    """A new one."""
    return str(uuid.uuid4())


# What is told. Every message has its context: clients lose what has none, errors too


def chunk_message(audio: bytes, step_ms: float, context: str | None) -> dict[str, Any]:
    return {
        "type": "chunk",
        "context_id": context,
        "data": base64.b64encode(audio).decode(),
        "done": False,
        "status_code": 206,
        "step_time": round(step_ms, 3),
    }


def timestamps_message(words: Sequence[Word], speed: float, context: str | None) -> dict[str, Any]:
    """speed: of the audio that is sent, which the words' times know nothing of."""
    times = {
        "words": [word.text for word in words],
        "start": [round(word.start_s / speed, 3) for word in words],
        "end": [round(word.end_s / speed, 3) for word in words],
    }
    return {
        "type": "timestamps",
        "context_id": context,
        "done": False,
        "status_code": 206,
        "word_timestamps": times,
    }


def flush_done_message(flush_id: int, context: str) -> dict[str, Any]:
    return {
        "type": "flush_done",
        "context_id": context,
        "done": False,
        "flush_done": True,
        "flush_id": flush_id,
        "status_code": 206,
    }


def done_message(context: str | None) -> dict[str, Any]:
    return {"type": "done", "context_id": context, "done": True, "status_code": 200}


def error_message(error: TTSError, context: str | None, name: str) -> dict[str, Any]:
    """name: of the socket or the request. A `done_message` comes behind it: LiveKit takes whatever
    has `done` for a good end, and others wait for it."""
    return {"type": "error", "context_id": context, "done": False, **error_object(error, name)}


def error_object(error: TTSError, name: str, status: int | None = None) -> dict[str, Any]:
    """Also the body of an answer. status: where HTTP has a more exact one than the error."""
    return {
        "status_code": status or error.http_status,
        "error_code": error.code,
        "title": error.code.replace("_", " ").capitalize(),
        "message": str(error),
        "request_id": name,
    }


ERROR = {
    "type": "object",
    "required": ["status_code", "error_code", "title", "message", "request_id"],
    "properties": {
        "status_code": {"type": "integer"},
        "error_code": {"type": "string"},
        "title": {"type": "string"},
        "message": {"type": "string"},
        "request_id": {"type": "string"},
    },
}
"""Schema of `error_object`."""


def event(message: dict[str, Any]) -> bytes:
    """A server-sent one."""
    return f"event: {message['type']}\ndata: {encode(message)}\n\n".encode()
