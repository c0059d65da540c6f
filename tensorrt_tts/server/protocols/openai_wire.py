"""The words of OpenAI's speech API: the body of a request, checked, and what comes back. No HTTP.

Fields and limits as in the OpenAPI description of OpenAI's (openai/openai-openapi, August 2026);
those of `Extensions` are ours.
"""

from __future__ import annotations

import base64
import uuid
from typing import TYPE_CHECKING, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tensorrt_tts.audio.encode import ENCODINGS, Encoding
from tensorrt_tts.errors import InputError, RateLimitError, TextError, TTSError
from tensorrt_tts.server.protocols.fields import (
    SampleRate,
    Speed,
    invalid,
    json_object,
    sampling_field,
    wrong_field,
)
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.validation import shown

if TYPE_CHECKING:
    from tensorrt_tts.server.protocols.openai_names import VoiceNames
    from tensorrt_tts.speech import SpeechReport

MAX_CHARACTERS = 4096
"""Of `input` and of `instructions`."""

PCM_RATE = 24_000
"""Hz of `pcm`, which has no header to say so: clients take it for granted."""

FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm", "mulaw", "alaw")

Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm", "mulaw", "alaw"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class VoiceById(_Body):
    id: str


class Extensions(_Body):
    """What OpenAI's API has no word for. `sample_rate`: Hz of the audio, where the format takes it.
    `return_normalized`: say what the text was read as. The others are those of `SpeechRequest`;
    null is as good as left out."""

    sample_rate: SampleRate | None = None
    temperature: float | None = sampling_field("temperature")
    top_p: float | None = sampling_field("top_p")
    top_k: int | None = sampling_field("top_k")
    repetition_penalty: float | None = sampling_field("repetition_penalty")
    max_tokens: int | None = sampling_field("max_tokens")
    seed: int | None = sampling_field("seed")
    normalize: bool | None = None
    return_normalized: bool | None = None


class SpeechBody(Extensions):
    """`instructions` are taken and have no effect: no model here follows any."""

    model: str
    input: str = Field(max_length=MAX_CHARACTERS)
    voice: str | VoiceById
    instructions: str | None = Field(default=None, max_length=MAX_CHARACTERS)
    response_format: Format | None = None
    speed: Speed | None = None
    stream_format: Literal["audio", "sse"] | None = None

    @property
    def encoding(self) -> Encoding:
        return ENCODINGS[self.response_format or "mp3"]

    def rate(self, model_rate: int) -> int:
        """Hz of the audio. Raises InputError for one that the format does not take."""
        encoding, asked = self.encoding, self.sample_rate
        if asked is None:
            return PCM_RATE if encoding.name == "pcm" else encoding.rate(model_rate)
        if encoding.rates and asked not in encoding.rates:
            takes = ", ".join(map(str, encoding.rates))
            raise invalid(
                f"sample_rate {asked} is none that {encoding.name} takes; use {takes}",
                "sample_rate",
            )
        return asked

    def request(self, voices: VoiceNames) -> SpeechRequest:
        """Raises InputError for a voice that nobody has."""
        asked = self.voice if isinstance(self.voice, str) else self.voice.id
        voice = voices.find(asked)
        if voice is None:
            raise invalid(
                f"voice {shown(asked)} is unknown; use one of: {', '.join(voices.own)}, or of "
                f"OpenAI's: {', '.join(voices.openai)}",
                "voice",
                "unknown_voice",
            )
        own = self.model_dump(
            include=set(Extensions.model_fields) - {"sample_rate", "return_normalized"},
            exclude_none=True,
        )
        return SpeechRequest(self.input, voice, **own, words=False)


def parse(content: bytes) -> SpeechBody:
    """Raises InputError naming the first field that is wrong."""
    fields = json_object(content, '{"model": "tts-1", "voice": "alloy", "input": "Hello."}')
    try:
        return SpeechBody.model_validate(fields)
    except ValidationError as error:
        raise _wrong_field(error) from error


def _wrong_field(error: ValidationError) -> InputError:
    problem = error.errors(include_url=False)[0]
    field, at_top = str(problem["loc"][0]), len(problem["loc"]) == 1
    if field == "voice" and not (problem["type"] == "missing" and at_top):
        # pydantic would name one of two branches
        said = 'give a name such as "alloy", or an object such as {"id": "alloy"}'
        return invalid(f"voice {shown(problem['input'])}: {said}", field, "invalid_type")
    return wrong_field(error, SpeechBody)


def request_id() -> str:
    """A new one."""
    return f"req_{uuid.uuid4().hex}"


def error_message(error: TTSError) -> dict[str, Any]:
    return {"error": error_object(error)}


def error_object(error: TTSError) -> dict[str, Any]:
    """OpenAI's: all four keys, `param` null where no field is to blame."""
    if isinstance(error, RateLimitError):
        kind = "rate_limit_error"
    else:
        kind = "invalid_request_error" if isinstance(error, InputError) else "server_error"
    param = error.field if isinstance(error, InputError) else None
    if isinstance(error, TextError):
        param = "input"
    return {"message": str(error), "type": kind, "param": param, "code": error.code}


# Server-sent events: one JSON object each


def audio_event(audio: bytes) -> bytes:
    return _event({"type": "speech.audio.delta", "audio": base64.b64encode(audio).decode()})


def done_event(report: SpeechReport, reason: str, normalized: str | None = None) -> bytes:
    """reason: ours, "completed" or "max_tokens". normalized: what the text was read as."""
    heard = sum(segment.prompt_tokens for segment in report.segments)
    usage = {
        "input_tokens": heard,
        "output_tokens": report.tokens,
        "total_tokens": heard + report.tokens,
    }
    done: dict[str, Any] = {"type": "speech.audio.done", "usage": usage, "reason": reason}
    if report.warnings:
        done["warnings"] = report.warnings
    if normalized is not None:
        done["normalized"] = normalized
    return _event(done)


def error_event(error: TTSError) -> bytes:
    return _event({"type": "error", "error": error_object(error)})


def _event(content: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(content) + b"\n\n"
