"""WebSockets that take a text in pieces, each in its own words: what the same test says on all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from benchmarks.load.routes import DEEPGRAM, MULTI, STREAM, audio_of
from benchmarks.load.routes import SocketRoute as Words

__all__ = ["ALL", "DEEPGRAM", "MULTI", "STREAM", "Heard", "Words", "first_audio", "hear", "tell"]

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
            heard.audio += audio_of(message)
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
        if audio := audio_of(raw if isinstance(raw, bytes) else json.loads(raw)):
            return audio
