"""Every way in which this server can be asked for speech: what to send, and how the answer ends.
For what has to be done on all of them alike."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Message = Mapping[str, Any]


@dataclass(frozen=True)
class SocketRoute:
    """A WebSocket. path: asks for 24 kHz PCM. end: the text is whole; None where one message is one
    text. stop: nobody listens any more; empty where only closing says so. over: the last message of
    one text. several: another text may follow. leave: what a client says that has no more to ask;
    empty where it closes."""

    name: str
    path: str
    say: Callable[[str], dict[str, Any]]
    end: dict[str, Any] | None
    stop: tuple[dict[str, Any], ...]
    over: Callable[[Message], bool]
    several: bool = True
    leave: tuple[dict[str, Any], ...] = ()

    def __str__(self) -> str:
        return self.name

    def text(self, *pieces: str) -> list[dict[str, Any]]:
        """The messages of one whole text."""
        return [*map(self.say, pieces), *([] if self.end is None else [self.end])]


@dataclass(frozen=True)
class PostRoute:
    """A POST, whose answer is the audio. path: asks for 24 kHz PCM, where the body does not."""

    name: str
    path: str
    body: Callable[[str], dict[str, Any]]

    def __str__(self) -> str:
        return self.name


_RAW = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000}


def _cartesia(text: str, **more: object) -> dict[str, Any]:
    asked = {"model_id": "sonic-3", "transcript": text, "voice": {"mode": "id", "id": "tara"}}
    return {**asked, "output_format": _RAW, "seed": 1, **more}


OWN = SocketRoute(
    "ws-tts",
    "/ws/tts",
    lambda text: {"text": text, "seed": 1},
    None,
    ({"cancel": True},),
    lambda message: "done" in message or "error" in message,
)
CARTESIA = SocketRoute(
    "tts-websocket",
    "/tts/websocket",
    lambda text: _cartesia(text, context_id="a", **{"continue": True}),
    _cartesia("", context_id="a", **{"continue": False}),
    ({"context_id": "a", "cancel": True},),
    lambda message: message.get("done") is True,
)
DEEPGRAM = SocketRoute(
    "deepgram",
    "/v1/speak?encoding=linear16&sample_rate=24000",
    lambda text: {"type": "Speak", "text": text},
    {"type": "Flush"},
    ({"type": "Clear"},),
    lambda message: message.get("type") in ("Flushed", "Cleared"),
    leave=({"type": "Close"},),
)
MULTI = SocketRoute(
    "multi-stream-input",
    "/v1/text-to-speech/tara/multi-stream-input?output_format=pcm_24000&seed=1",
    lambda text: {"text": text, "context_id": "a"},
    {"context_id": "a", "close_context": True},
    ({"context_id": "a", "close_context": True},) * 2,
    lambda message: message.get("isFinal") is True,
    leave=({"close_socket": True},),
)
STREAM = SocketRoute(
    "stream-input",
    "/v1/text-to-speech/tara/stream-input?output_format=pcm_24000&seed=1",
    lambda text: {"text": text},
    {"text": ""},
    (),
    lambda message: message.get("isFinal") is True,
    several=False,
    leave=({"text": ""},),
)
SOCKETS = (OWN, CARTESIA, DEEPGRAM, MULTI, STREAM)

POSTS = (
    PostRoute(
        "audio-speech",
        "/v1/audio/speech",
        lambda text: {
            "model": "tts-1",
            "voice": "tara",
            "input": text,
            "response_format": "pcm",
            "seed": 1,
        },
    ),
    PostRoute("tts-bytes", "/tts/bytes", _cartesia),
    PostRoute("tts-sse", "/tts/sse", _cartesia),
    PostRoute("speak", "/v1/speak?encoding=linear16&container=none", lambda text: {"text": text}),
    PostRoute(
        "text-to-speech",
        "/v1/text-to-speech/tara?output_format=pcm_24000",
        lambda text: {"text": text, "seed": 1},
    ),
    PostRoute(
        "text-to-speech-stream",
        "/v1/text-to-speech/tara/stream?output_format=pcm_24000",
        lambda text: {"text": text, "seed": 1},
    ),
    PostRoute(
        "with-timestamps",
        "/v1/text-to-speech/tara/with-timestamps?output_format=pcm_24000",
        lambda text: {"text": text, "seed": 1},
    ),
    PostRoute(
        "stream-with-timestamps",
        "/v1/text-to-speech/tara/stream/with-timestamps?output_format=pcm_24000",
        lambda text: {"text": text, "seed": 1},
    ),
)

Route = SocketRoute | PostRoute


def audio_of(message: Message | bytes) -> bytes:
    """Of one message of any of them; b"" where it holds none."""
    if isinstance(message, bytes):
        return message
    names = ("audio", "audio_base64", *(["data"] if "step_time" in message else []))
    content = next((message[name] for name in names if message.get(name)), "")
    return base64.b64decode(content)


def error_code(told: Message) -> str | None:
    """This server's code of what went wrong, in whose words ever it is told, or of what a warning
    is about; None where nothing did."""
    found = (
        told.get("error") or told.get("error_code") or told.get("err_code") or told.get("detail")
    )
    if isinstance(found, Mapping):
        found = found.get("code") or found.get("status")
    if told.get("type") == "Warning":
        found = told["code"]
    return None if found is None else str(found).lower()
