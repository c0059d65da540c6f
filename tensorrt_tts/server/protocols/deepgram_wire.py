"""The words of Deepgram's speech API: what a request may say, checked, and what comes back. No
HTTP, no sockets.

Fields and defaults as Deepgram documents them ("Media Output Settings", November 2026); rates, bit
rates and `speed` go further than theirs. What is not known here has no effect, as there.
"""

from __future__ import annotations

import dataclasses
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from tensorrt_tts.audio.audio_output import AudioOutput
from tensorrt_tts.audio.encode import ENCODINGS
from tensorrt_tts.server.protocols.fields import SampleRate, Speed, invalid

if TYPE_CHECKING:
    from tensorrt_tts.audio.audio_source import AudioSource
    from tensorrt_tts.errors import InputError, TTSError
    from tensorrt_tts.server.protocols.foreign_voices import ForeignVoices

MODELS = r"aura-[a-z0-9-]+"
"""What Deepgram's voices are called: aura-2-thalia-en."""

NUMBER_OF_A_MODEL = uuid.UUID(int=0)
"""Clients print it; ours have none."""


@dataclass(frozen=True, slots=True)
class _Format:
    """name: in `ENCODINGS`. rate: Hz, where none is asked for. containers: the first one, where
    none is. rates: all there are; empty for any. bit_rates: lowest, usual, highest."""

    name: str
    rate: int
    containers: tuple[str, ...]
    rates: tuple[int, ...] = ()
    bit_rates: tuple[int, int, int] | None = None


_TELEPHONE = (8_000, 16_000)

_FORMATS = {
    "linear16": _Format("pcm", 24_000, ("wav", "none")),
    "mulaw": _Format("mulaw", 8_000, ("wav", "none"), _TELEPHONE),
    "alaw": _Format("alaw", 8_000, ("wav", "none"), _TELEPHONE),
    "mp3": _Format("mp3", 22_050, ("none",), ENCODINGS["mp3"].rates, (8_000, 48_000, 320_000)),
    "opus": _Format("opus", 48_000, ("ogg",), ENCODINGS["opus"].rates, (4_000, 12_000, 256_000)),
    "flac": _Format("flac", 48_000, ("none",)),
    "aac": _Format("aac", 22_050, ("none",), ENCODINGS["aac"].rates, (4_000, 48_000, 192_000)),
}


TYPES = tuple(
    dict.fromkeys(["audio/wav", *(ENCODINGS[f.name].content_type for f in _FORMATS.values())])
)
"""Of the answer over HTTP."""

ERROR = {
    "type": "object",
    "required": ["err_code", "err_msg", "request_id"],
    "properties": {
        "err_code": {"type": "string"},
        "err_msg": {"type": "string"},
        "request_id": {"type": "string"},
    },
}
"""Schema of `error_message`."""


class _Query(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, protected_namespaces=())

    model: str | None = None
    speed: Speed | None = None
    sample_rate: SampleRate | None = None

    def voice(self, voices: ForeignVoices) -> str:
        """Raises InputError for a model that is none."""
        return voices.own[0] if self.model is None else voices.find(self.model, "model")


class SpeakQuery(_Query):
    """Of `POST /v1/speak`."""

    encoding: Literal["linear16", "mulaw", "alaw", "mp3", "opus", "flac", "aac"] = "linear16"
    container: Literal["none", "wav", "ogg"] | None = None
    bit_rate: int | None = None
    callback: str | None = None

    def output(self, source: AudioSource) -> AudioOutput:
        """Raises InputError for what does not go together."""
        if self.callback is not None:
            raise invalid(
                "callback is not possible here; leave it out, and read the answer", "callback"
            )
        form = _FORMATS[self.encoding]
        container = self.container or form.containers[0]
        if container not in form.containers:
            raise self._not_with("container", container, " or ".join(form.containers))
        encoding = ENCODINGS[form.name]
        if container == "wav":
            encoding = dataclasses.replace(ENCODINGS["wav"], codec=encoding.codec)
        encoding = dataclasses.replace(encoding, rates=form.rates, bit_rate=self._bits(form))
        return AudioOutput(encoding, source, self._rate(form), self.speed or 1.0)

    def _rate(self, form: _Format) -> int:
        rate = self.sample_rate or form.rate
        if form.rates and rate not in form.rates:
            raise self._not_with("sample_rate", rate, ", ".join(map(str, form.rates)))
        return rate

    def _bits(self, form: _Format) -> int | None:
        if self.bit_rate is None or form.bit_rates is None:
            return None if form.bit_rates is None else form.bit_rates[1]
        low, _, high = form.bit_rates
        if not low <= self.bit_rate <= high:
            raise self._not_with("bit_rate", self.bit_rate, f"{low} to {high}")
        return self.bit_rate

    def _not_with(self, field: str, value: object, usable: str) -> InputError:
        said = f"{field} {value} does not go with encoding {self.encoding}; use {usable}"
        return invalid(said, field)


class SocketQuery(_Query):
    """Of the WebSocket."""

    encoding: Literal["linear16", "mulaw", "alaw"] = "linear16"

    def output(self, source: AudioSource) -> AudioOutput:
        """Of one flush. Raises InputError for what does not go together."""
        whole = SpeakQuery(**self.model_dump(), container="none")
        return whole.output(source)


class SpeakBody(BaseModel):
    """Of `POST /v1/speak`. A `url` to fetch a text from is not taken."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    text: str


class Message(BaseModel):
    """What a client sends on the WebSocket."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    type: Literal["Speak", "Flush", "Clear", "Close"]
    text: str | None = None


def request_id() -> str:
    """A new one."""
    return str(uuid.uuid4())


def error_message(error: TTSError, name: str | None = None) -> dict[str, Any]:
    """Over HTTP. name: of the request."""
    return {
        "err_code": error.code.upper(),
        "err_msg": str(error),
        "request_id": name or request_id(),
    }


# On the WebSocket


def metadata(name: str, model: str, version: str) -> dict[str, Any]:
    return {
        "type": "Metadata",
        "request_id": name,
        "model_name": model,
        "model_version": version,
        "model_uuid": str(NUMBER_OF_A_MODEL),
    }


def answered(kind: Literal["Flushed", "Cleared"], number: int) -> dict[str, Any]:
    """number: how many came before on this socket."""
    return {"type": kind, "sequence_id": number}


def warning(error: TTSError) -> dict[str, Any]:
    """Some clients read `description` and `code`, others `warn_msg` and `warn_code`."""
    code, said = error.code.upper(), str(error)
    return {
        "type": "Warning",
        "code": code,
        "description": said,
        "warn_code": code,
        "warn_msg": said,
    }


def failure(error: TTSError, name: str) -> dict[str, Any]:
    """Nothing follows but the close."""
    told = error_message(error, name)
    return {"type": "Error", "code": told["err_code"], "description": told["err_msg"], **told}
