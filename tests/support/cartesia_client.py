"""A client of `/tts/websocket` that behaves, and what it has heard."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection

RAW = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000}
ASKED: dict[str, Any] = {
    "model_id": "sonic-3",
    "transcript": "Hello.",
    "voice": {"mode": "id", "id": "tara"},
    "output_format": RAW,
    "seed": 1,
}


@dataclass
class Heard:
    """All that came for one context, up to its last message."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def audio(self) -> bytes:
        return b"".join(
            base64.b64decode(message["data"])
            for message in self.messages
            if message["type"] == "chunk"
        )

    @property
    def kinds(self) -> list[str]:
        """In order, chunks in a row as one."""
        kinds: list[str] = []
        for message in self.messages:
            if message["type"] != "chunk" or kinds[-1:] != ["chunk"]:
                kinds.append(message["type"])
        return kinds

    @property
    def last(self) -> dict[str, Any]:
        return self.messages[-1]

    @property
    def error(self) -> dict[str, Any]:
        """Behind all audio, and a `done` behind it."""
        *_, error, done = self.messages
        assert (error["type"], done["type"]) == ("error", "done")
        return error


async def say(peer: ClientConnection, name: str, text: str = "Hello.", **fields: Any) -> None:
    await peer.send(json.dumps({**ASKED, "context_id": name, "transcript": text, **fields}))


async def hear(peer: ClientConnection, *names: str) -> dict[str, Heard]:
    """Until each of these contexts has had its last message."""
    found: dict[str, Heard] = {name: Heard() for name in names}
    left = set(names)
    while left:
        message = json.loads(await peer.recv())
        name = message["context_id"]
        found.setdefault(name, Heard()).messages.append(message)
        if message["done"]:
            left.discard(name)
    return found


async def ask(peer: ClientConnection, text: str = "Hello.", **fields: Any) -> Heard:
    await say(peer, "only", text, **fields)
    return (await hear(peer, "only"))["only"]
