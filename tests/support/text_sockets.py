"""WebSockets that take a text in pieces, each in its own words: what the same test says on all."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed


@dataclass(frozen=True)
class Words:
    """path: asks for 24 kHz PCM. end: the text is whole. stop: nobody listens any more; empty where
    only closing says so. over: the last message of one text. several: another text may follow."""

    name: str
    path: str
    say: Callable[[str], dict[str, Any]]
    end: dict[str, Any]
    stop: tuple[dict[str, Any], ...]
    over: Callable[[dict[str, Any]], bool]
    several: bool = True

    def __str__(self) -> str:
        return self.name


def _audio(message: dict[str, Any] | bytes) -> bytes:
    if isinstance(message, bytes):
        return message
    return base64.b64decode(message.get("audio") or "")


DEEPGRAM = Words(
    "deepgram",
    "/v1/speak?encoding=linear16&sample_rate=24000",
    lambda text: {"type": "Speak", "text": text},
    {"type": "Flush"},
    ({"type": "Clear"},),
    lambda message: message.get("type") in ("Flushed", "Cleared"),
)
MULTI = Words(
    "multi-stream-input",
    "/v1/text-to-speech/tara/multi-stream-input?output_format=pcm_24000&seed=1",
    lambda text: {"text": text, "context_id": "a"},
    {"context_id": "a", "close_context": True},
    ({"context_id": "a", "close_context": True},) * 2,
    lambda message: message.get("isFinal") is True,
)
STREAM = Words(
    "stream-input",
    "/v1/text-to-speech/tara/stream-input?output_format=pcm_24000&seed=1",
    lambda text: {"text": text},
    {"text": ""},
    (),
    lambda message: message.get("isFinal") is True,
    several=False,
)
ALL = (DEEPGRAM, MULTI, STREAM)


@dataclass
class Heard:
    """audio: of all messages. said: those that are not only audio, in order. code, reason: of the
    close, where it ended the socket."""

    audio: bytes = b""
    said: list[dict[str, Any]] = field(default_factory=list)
    code: int | None = None
    reason: str = ""


async def tell(peer: ClientConnection, *messages: dict[str, Any]) -> None:
    for message in messages:
        await peer.send(json.dumps(message))


async def hear(
    peer: ClientConnection, until: Callable[[dict[str, Any]], bool] = lambda message: False
) -> Heard:
    """Up to such a message, or to the close."""
    heard = Heard()
    try:
        async for raw in peer:
            message = raw if isinstance(raw, bytes) else json.loads(raw)
            heard.audio += _audio(message)
            if isinstance(message, bytes) or set(message) <= {"audio", "contextId", "context_id"}:
                continue
            heard.said.append(message)
            if until(message):
                return heard
    except ConnectionClosed:
        pass
    heard.code, heard.reason = peer.close_code, peer.close_reason or ""
    return heard


async def first_audio(peer: ClientConnection) -> bytes:
    while True:
        raw = await peer.recv()
        if audio := _audio(raw if isinstance(raw, bytes) else json.loads(raw)):
            return audio
