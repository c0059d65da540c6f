"""The words of `/v1/tts/generate`: what a request may say, checked, and what errors are called. No
HTTP.

Fields, formats and codes as in the services of Spark-TTS fine-tunes that had it; the bounds are
those of every route here.
"""

from __future__ import annotations

import uuid
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tensorrt_tts.audio.encode import ENCODINGS
from tensorrt_tts.errors import (
    ApiKeyError,
    BackendError,
    CapacityError,
    CreditError,
    DrainingError,
    EngineDiedError,
    InputError,
    MessageTooBigError,
    OriginError,
    RateLimitError,
    StalledError,
    TTSError,
    UnknownRouteError,
    UnknownVoiceError,
)
from tensorrt_tts.server.protocols.fields import invalid, sampling_field
from tensorrt_tts.speech import SpeechRequest

FORMATS = ("wav", "opus", "mp3", "mulaw", "flac")

RATES = {"8khz": 8_000, "16khz": 16_000, "24khz": 24_000, "48khz": 48_000}

_CODES: tuple[tuple[type[TTSError], str], ...] = (
    (ApiKeyError, "INVALID_API_KEY"),
    (CreditError, "INSUFFICIENT_CREDITS"),
    (RateLimitError, "RATE_LIMIT_EXCEEDED"),
    (UnknownVoiceError, "INVALID_SPEAKER"),
    (UnknownRouteError, "NOT_FOUND"),
    (OriginError, "ORIGIN_NOT_ALLOWED"),
    (MessageTooBigError, "TEXT_TOO_LONG"),
    (InputError, "VALIDATION_ERROR"),
    (EngineDiedError, "GPU_FAULT"),
    (StalledError, "GENERATION_TIMEOUT"),
    (BackendError, "GENERATION_FAILED"),
    (CapacityError, "SERVICE_UNAVAILABLE"),
    (DrainingError, "SERVICE_UNAVAILABLE"),
    (TTSError, "INTERNAL_ERROR"),
)
"""The first that fits. Clients match on these."""

_OWN_CODES = {"text_too_long": "TEXT_TOO_LONG"}

ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}
"""Schema of `error_message`."""


class GenerateBody(BaseModel):
    """`output` left out is the model's own rate; mulaw always has 8 kHz. Sampling left out, or
    null, is the model's own."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    text: str
    speaker: str
    stream: bool = False
    format: Literal["wav", "opus", "mp3", "mulaw", "flac"] = "wav"
    output: Literal["8khz", "16khz", "24khz", "48khz"] | None = None
    temperature: float | None = sampling_field("temperature")
    top_k: int | None = sampling_field("top_k")
    top_p: float | None = sampling_field("top_p")
    max_tokens: int | None = sampling_field("max_tokens")
    repetition_penalty: float | None = sampling_field("repetition_penalty")
    seed: int | None = sampling_field("seed")
    normalize: bool = True
    normalize_verbose: bool = False
    chunking: bool = True

    def rate(self, model_rate: int) -> int:
        """Hz of the audio. Raises InputError for one that the format does not take."""
        encoding = ENCODINGS[self.format]
        if self.output is None or self.format == "mulaw":
            return encoding.rate(model_rate)
        rate = RATES[self.output]
        if encoding.rates and rate not in encoding.rates:
            takes = ", ".join(name for name, hz in RATES.items() if hz in encoding.rates)
            raise invalid(
                f"output {self.output} is none that {self.format} takes; use {takes}", "output"
            )
        return rate

    def request(self) -> SpeechRequest:
        own = {"text", "speaker", "stream", "format", "output", "normalize_verbose"}
        return SpeechRequest(self.text, self.speaker, **self.model_dump(exclude=own), words=False)


def request_id() -> str:
    """A new one."""
    return str(uuid.uuid4())


def error_message(error: TTSError) -> dict[str, Any]:
    code = _OWN_CODES.get(error.code)
    if code is None and isinstance(error, InputError) and error.field == "format":
        code = "INVALID_FORMAT"
    code = code or next(word for kind, word in _CODES if isinstance(error, kind))
    return {"error": {"code": code, "message": str(error)}}
