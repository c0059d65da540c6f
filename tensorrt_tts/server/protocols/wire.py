"""The words of `/ws/tts`: what a client may send, checked, and what it gets back. No sockets.

Client to server, text frames of JSON: `SpeakMessage` and `CancelMessage`. Server to client: binary
frames of 16-bit little-endian mono PCM, and the JSON objects built here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.errors import CapacityError, InputError, TTSError
from tensorrt_tts.server.protocols.fields import JSON_KINDS, SampleRate
from tensorrt_tts.speech import SpeechReport, SpeechRequest
from tensorrt_tts.validation import first_problem
from tensorrt_tts.words import Word

if TYPE_CHECKING:
    from tensorrt_tts.audio.audio_source import OutputRate
    from tensorrt_tts.server.context import Context

MAX_ID_CHARACTERS = 64


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class SpeakMessage(_Message):
    """Speak `text`. `id` comes back with the answer. `benchmark` asks for the server's timings,
    `return_normalized` for the text as it was said, `return_words` for the times of its words,
    `sample_rate` for audio of so many Hz, which `audio_message` confirms. The other fields are
    those of `SpeechRequest`."""

    text: str
    voice: str | None = None
    benchmark: bool = False
    normalize: bool = True
    return_normalized: bool = False
    return_words: bool = False
    sample_rate: SampleRate | None = None
    id: str | None = Field(default=None, max_length=MAX_ID_CHARACTERS)
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    max_tokens: int | None = None
    seed: int | None = None

    def request(self) -> SpeechRequest:
        own = {"benchmark", "id", "return_normalized", "return_words", "sample_rate"}
        return SpeechRequest(**self.model_dump(exclude=own), words=self.return_words)


@dataclass(slots=True)
class SentAudio:
    """What a client was sent of one answer."""

    sample_rate: int
    samples: int = 0
    chunks: int = 0


class CancelMessage(_Message):
    """Stop what is spoken or waits on this socket: all of it (true), or the request of that id."""

    cancel: Literal[True] | str


def parse(raw: str) -> SpeakMessage | CancelMessage:
    """Raises InputError naming the first field that is wrong."""
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InputError(
            f'message is not JSON ({error}); send an object such as {{"text": "Hello."}}'
        ) from error
    if not isinstance(content, dict):
        raise InputError(
            f"message is a JSON {JSON_KINDS[type(content)]}, not an object; "
            'send one such as {"text": "Hello."}'
        )
    kind = CancelMessage if "cancel" in content else SpeakMessage
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise InputError(_wrong_field(error, kind)) from error


def _wrong_field(error: ValidationError, kind: type[_Message]) -> str:
    problem = error.errors(include_url=False)[0]
    field = str(problem["loc"][0]) if problem["loc"] else "message"
    known = ", ".join(kind.model_fields)
    if problem["type"] == "missing":
        return f"field {field!r} is missing; the fields are: {known}"
    if problem["type"] == "extra_forbidden":
        return f"field {field[:40]!r} is unknown; the fields are: {known}"
    return f"field {first_problem(error)}; correct it"


def error_message(error: TTSError, request_id: str | None = None) -> dict[str, Any]:
    content: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.retry_after is not None:
        content["retry_after"] = error.retry_after
    return _with_id({"error": content}, request_id)


def audio_message(audio: OutputRate, request_id: str | None = None) -> dict[str, Any]:
    """What the binary messages of an answer will be, for who asked: before the first of them."""
    told = {"sample_rate": audio.rate, "sr_applied": audio.applied}
    return _with_id({"audio": told}, request_id)


def done_message(
    context: Context,
    sent: SentAudio,
    request_id: str | None = None,
    *,
    benchmark: bool = False,
    return_normalized: bool = False,
    return_words: bool = False,
) -> dict[str, Any]:
    """How a context ended that no error ended, and what of its text was left out, if anything."""
    message: dict[str, Any] = {
        "done": True,
        "reason": context.outcome,
        "chunks": sent.chunks,
        "duration_s": round(sent.samples / sent.sample_rate, 6),
        "bytes": 2 * sent.samples,
        "sample_rate": sent.sample_rate,
    }
    report = context.report
    if report is not None and report.warnings:
        message["warnings"] = report.warnings
    if report is not None and return_normalized:
        message["normalized"] = report.normalized
    if return_words:
        message["heard"] = context.heard()
    if report is not None and benchmark:
        message["metrics"] = timings(report, context.queue_s)
    return _with_id(message, request_id)


def words_message(words: Sequence[Word], request_id: str | None = None) -> dict[str, Any]:
    """Words whose times became final, see `tensorrt_tts.words.Word`."""
    times = [
        {
            "text": word.text,
            "start_s": round(word.start_s, 3),
            "end_s": round(word.end_s, 3),
            "begin": word.begin,
            "end": word.end,
            "estimated": word.estimated,
        }
        for word in words
    ]
    return _with_id({"words": times}, request_id)


def timings(report: SpeechReport, queue_s: float) -> dict[str, Any]:
    """Seen from the server. ttft_ms and ttfa_ms count from the arrival of the request, so the wait
    for a slot (queue_ms) is in them; rates and generation_time_s count from when it had one."""
    spent = report.total_s
    return {
        "queue_ms": _ms(queue_s),
        "ttft_ms": _ms(report.first_token_s, queue_s),
        "ttfa_ms": _ms(report.first_audio_s, queue_s),
        "audible_onset_ms": _ms(report.audible_onset_s, queue_s),
        "tokens": report.tokens,
        "tokens_per_sec": round(report.tokens / spent, 3) if spent else None,
        "frames": report.frames,
        "pause_samples": report.pause_samples,
        "frames_per_sec": round(report.frames / spent, 3) if spent else None,
        "generation_time_s": round(spent, 6),
        "real_time_factor": report.real_time_factor,
        "decode_times_ms": [_ms(seconds) for seconds in report.decode_s],
    }


def encode(message: dict[str, Any]) -> str:
    return orjson.dumps(message).decode()


def audio_headers(context: CodecContext) -> list[tuple[bytes, bytes]]:
    """Of the handshake's answer: what the binary messages will be, and for whoever checks them, of
    how many samples a frame is that `frames` counts."""
    return [
        (b"x-audio-encoding", b"pcm_s16le"),
        (b"x-audio-sample-rate", b"%d" % context.sample_rate),
        (b"x-audio-channels", b"1"),
        (b"x-audio-samples-per-frame", b"%d" % context.samples_per_frame),
    ]


def retry_after_header(error: TTSError) -> dict[str, str]:
    """HTTP's Retry-After is a whole number of seconds."""
    if error.retry_after is None and not isinstance(error, CapacityError):
        return {}
    return {"Retry-After": str(max(1, round(error.retry_after or 1)))}


def _ms(seconds: float | None, after: float = 0.0) -> float | None:
    return None if seconds is None else round(1000 * (seconds + after), 3)


def _with_id(message: dict[str, Any], request_id: str | None) -> dict[str, Any]:
    return message if request_id is None else {**message, "id": request_id}
