"""The words of ElevenLabs' speech API: what a request may say, checked, and what comes back. No
HTTP, no sockets.

Fields as in the `elevenlabs` package (2.78); `speed` and the formats go further than theirs. What
is not known here has no effect, as there.
"""

from __future__ import annotations

import base64
import dataclasses
import re
import uuid
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tensorrt_tts.audio.audio_output import AudioOutput
from tensorrt_tts.audio.audio_source import HIGHEST_RATE, LOWEST_RATE
from tensorrt_tts.audio.encode import ENCODINGS
from tensorrt_tts.server.protocols.fields import Speed, invalid, sampling_field
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.validation import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensorrt_tts.audio.audio_source import AudioSource
    from tensorrt_tts.errors import InputError, TTSError
    from tensorrt_tts.families.base import Voice

VOICE_IDS = "[A-Za-z0-9]{20}"
"""What ElevenLabs' voices are called: 21m00Tcm4TlvDq8ikWAM."""

MAX_ID_CHARACTERS = 128
"""Of a context's."""

DEFAULT_FORMAT = "mp3_44100_128"

_FORMATS = {
    "mp3": "mp3",
    "opus": "opus",
    "pcm": "pcm",
    "wav": "wav",
    "ulaw": "mulaw",
    "alaw": "alaw",
}
"""Their names, and those in `ENCODINGS`."""

TYPES = tuple(ENCODINGS[name].content_type for name in _FORMATS.values())
"""Of the answer over HTTP."""

ERROR = {
    "type": "object",
    "required": ["detail"],
    "properties": {
        "detail": {
            "type": "object",
            "required": ["status", "message"],
            "properties": {"status": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}
"""Schema of `error_message`."""

_KBITS = {"mp3": (8, 320), "opus": (8, 256)}
"""Lowest and highest, of those formats that have a bit rate."""

_FORMAT = re.compile(r"([a-z]+[0-9]?)_([0-9]{4,5})(?:_([0-9]{1,3}))?")


def output(asked: str, source: AudioSource, speed: float | None = None) -> AudioOutput:
    """asked: an `output_format`, such as mp3_44100_128. Raises InputError for one that is none."""
    found = _FORMAT.fullmatch(asked)
    name, rate, kbits = found.groups() if found else (asked, "0", None)
    encoding = ENCODINGS.get(_FORMATS.get(name, ""))
    if encoding is None or found is None:
        raise _no_format(asked, f"use one of {', '.join(_FORMATS)} with its rate: pcm_24000")
    hz = int(rate)
    if encoding.rates and hz not in encoding.rates:
        raise _no_format(asked, f"{name} takes {', '.join(map(str, encoding.rates))} Hz")
    if not LOWEST_RATE <= hz <= HIGHEST_RATE:
        raise _no_format(asked, f"{name} takes {LOWEST_RATE} to {HIGHEST_RATE} Hz")
    if (kbits is not None) != (name in _KBITS):
        raise _no_format(asked, "mp3 and opus have a bit rate, and the others none: mp3_44100_128")
    if kbits is not None:
        low, high = _KBITS[name]
        if not low <= int(kbits) <= high:
            raise _no_format(asked, f"{name} takes {low} to {high} kbit/s")
        encoding = dataclasses.replace(encoding, bit_rate=1000 * int(kbits))
    return AudioOutput(encoding, source, hz, speed or 1.0)


def _no_format(asked: str, remedy: str) -> InputError:
    return invalid(f"output_format {shown(asked)} is none; {remedy}", "output_format")


class VoiceSettings(BaseModel):
    """Only `speed` has an effect."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    speed: Speed | None = None


class SpeechQuery(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    output_format: str = DEFAULT_FORMAT


class SocketQuery(SpeechQuery):
    """Of a WebSocket. inactivity_timeout: seconds after which a context without more text ends.
    sync_alignment: LiveKit's clients ask for it, and take times as those of the whole context;
    others (Pipecat's) add them up."""

    inactivity_timeout: float | None = Field(default=None, gt=0, le=180)
    sync_alignment: bool = False
    apply_text_normalization: Literal["auto", "on", "off"] | None = None
    seed: int | None = sampling_field("seed")

    def request(self, voice: str) -> SpeechRequest:
        """For a text that is still coming. voice: the model's own name."""
        normalize = self.apply_text_normalization != "off"
        return SpeechRequest("", voice, seed=self.seed, normalize=normalize)


class Message(BaseModel):
    """What a client sends on a WebSocket."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    text: str | None = None
    context_id: str | None = Field(default=None, max_length=MAX_ID_CHARACTERS)
    flush: bool | None = None
    close_context: bool | None = None
    close_socket: bool | None = None
    voice_settings: VoiceSettings | None = None

    @property
    def speed(self) -> float | None:
        return None if self.voice_settings is None else self.voice_settings.speed


class SpeechBody(BaseModel):
    """Of `POST /v1/text-to-speech/{voice}`. `model_id` has no effect: there is one model."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    text: str
    model_id: str | None = None
    voice_settings: VoiceSettings | None = None
    seed: int | None = sampling_field("seed")
    apply_text_normalization: Literal["auto", "on", "off"] | None = None

    @property
    def speed(self) -> float | None:
        return None if self.voice_settings is None else self.voice_settings.speed

    def request(self, voice: str, words: bool) -> SpeechRequest:
        """voice: the model's own name. words: follow when each is heard."""
        normalize = self.apply_text_normalization != "off"
        return SpeechRequest(self.text, voice, seed=self.seed, normalize=normalize, words=words)


def request_id() -> str:
    """A new one."""
    return uuid.uuid4().hex


def error_message(error: TTSError) -> dict[str, Any]:
    return {"detail": {"status": error.code, "message": str(error)}}


# On a WebSocket. context: its id; None where there is only one


def audio_message(
    audio: bytes, alignment: dict[str, Any] | None, context: str | None
) -> dict[str, Any]:
    """alignment: of the text as it was sent, under both names: clients prefer one or the other, and
    want to find there what they sent."""
    message = {"audio": base64.b64encode(audio).decode(), **_about(context)}
    if alignment is not None:
        message |= {"alignment": alignment, "normalizedAlignment": alignment}
    return message


def final_message(context: str | None) -> dict[str, Any]:
    """The last one about a context."""
    return {"isFinal": True, **_about(context)}


def failure(error: TTSError, context: str | None) -> dict[str, Any]:
    """`error` is what some clients show; where nothing else followed, others ask for `message`."""
    told = {"error": error.code, "message": str(error), "code": error.close_code}
    return {**told, **_about(context)}


def _about(context: str | None) -> dict[str, Any]:
    """Some clients look for one spelling, some for the other."""
    return {} if context is None else {"contextId": context, "context_id": context}


def voices_message(voices: Sequence[Voice]) -> dict[str, Any]:
    return {
        "voices": [
            {
                "voice_id": voice.name,
                "name": voice.name,
                "category": "premade",
                "labels": {"language": voice.language},
            }
            for voice in voices
        ]
    }
