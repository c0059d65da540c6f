"""ElevenLabs' answers over HTTP that say when each character is heard."""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from tensorrt_tts.server.protocols.elevenlabs_alignment import CharacterTimes, in_seconds

if TYPE_CHECKING:
    from tensorrt_tts.errors import TTSError
    from tensorrt_tts.server.context import Context

_TIMES = {
    "type": ["object", "null"],
    "required": ["characters", "character_start_times_seconds", "character_end_times_seconds"],
    "properties": {
        "characters": {"type": "array", "items": {"type": "string"}},
        "character_start_times_seconds": {"type": "array", "items": {"type": "number"}},
        "character_end_times_seconds": {"type": "array", "items": {"type": "number"}},
        "estimated": {"type": "boolean"},
    },
}

TIMED_AUDIO = {
    "type": "object",
    "required": ["audio_base64", "alignment", "normalized_alignment"],
    "properties": {
        "audio_base64": {"type": "string"},
        "alignment": _TIMES,
        "normalized_alignment": _TIMES,
    },
}
"""Schema of an answer, or of each line of it."""


class TimedFraming(ABC):
    """Audio as base64 in JSON, and times from the first sample on."""

    content_type: ClassVar[str]

    def __init__(self, text: str, speed: float) -> None:
        """text: as it was sent. speed: of the audio, which words' times know nothing of."""
        self._times = CharacterTimes(speed, absolute=True)
        self._times.feed(text)
        self._context: Context | None = None

    def headers(self, context: Context) -> Mapping[str, str]:
        self._context = context
        return {}

    @abstractmethod
    def audio(self, content: bytes) -> bytes: ...

    @abstractmethod
    def end(self, context: Context) -> bytes: ...

    def failure(self, error: TTSError) -> bytes:
        """That the body is cut says enough."""
        return b""

    def _alignment(self, last: bool = False) -> dict[str, Any] | None:
        """Of the words whose times have become final. last: and of the rest of the text."""
        words = self._context.words() if self._context else []
        return in_seconds(self._times.of(words, last))


class LinesFraming(TimedFraming):
    """`/stream/with-timestamps`: an object a line, each with the times that are final by then."""

    content_type = "application/x-ndjson"

    def audio(self, content: bytes) -> bytes:
        return _line(content, self._alignment())

    def end(self, context: Context) -> bytes:
        rest = self._alignment(last=True)
        return b"" if rest is None else _line(b"", rest)


class ObjectFraming(TimedFraming):
    """`/with-timestamps`: one object, which is sent as it grows; the times of all come last."""

    content_type = "application/json"

    def __init__(self, text: str, speed: float) -> None:
        super().__init__(text, speed)
        self._opening = b'{"audio_base64":"'
        self._left = b""  # what fills no group of three bytes yet

    def audio(self, content: bytes) -> bytes:
        opening, self._opening = self._opening, b""
        content = self._left + content
        whole = len(content) - len(content) % 3
        self._left = content[whole:]
        return opening + b64encode(content[:whole])

    def end(self, context: Context) -> bytes:
        times = orjson.dumps(self._alignment(last=True))
        last = self.audio(b"") + b64encode(self._left)
        return last + b'","alignment":' + times + b',"normalized_alignment":' + times + b"}"


def _line(audio: bytes, times: dict[str, Any] | None) -> bytes:
    """times: of the text as it was sent, under both names, as on a socket."""
    told = {"audio_base64": b64encode(audio).decode()}
    return orjson.dumps({**told, "alignment": times, "normalized_alignment": times}) + b"\n"
