"""A key that comes in the first message of a WebSocket: ElevenLabs' protocol has it there for
browsers, which can set no header."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson

from tensorrt_tts.errors import ApiKeyError, InputError, by_code
from tensorrt_tts.server.protocols.fields import name_in
from tensorrt_tts.server.protocols.wire import encode

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Send

    from tensorrt_tts.server.api_keys import ApiKey, ApiKeys
    from tensorrt_tts.server.metrics import ServerMetrics

PATHS = re.compile(r"/v1/text-to-speech/[^/]+/(multi-)?stream-input")

FIELD = "xi_api_key"

WAIT_S = 10.0
"""For the first message."""

MOST_WAITING = 100
"""Sockets without a key yet; whoever comes then needs it at the handshake."""


UNKNOWN_KEY = "the API key is not known here; use one that the server's operator made"


class LateKeys:
    """Takes a handshake before the routes do, and lets them have it when the key is known. Until
    then nothing of the server is used but an open socket."""

    def __init__(self, keys: ApiKeys, metrics: ServerMetrics) -> None:
        self._keys = keys
        self._metrics = metrics
        self._waiting = 0

    def expects(self, path: str) -> bool:
        return self._waiting < MOST_WAITING and PATHS.fullmatch(path) is not None

    async def ask(self, receive: Receive, send: Send) -> tuple[ApiKey, Receive, Send] | None:
        """What the route is to be called with; None where there is nobody to serve."""
        handshake = await receive()
        await send({"type": "websocket.accept"})
        first: Message | None = None
        with self._counted():
            try:
                async with asyncio.timeout(WAIT_S):
                    first = await receive()
            except TimeoutError:
                pass
        if first is not None and first["type"] == "websocket.disconnect":
            return None
        given = name_in(first.get("text"), FIELD) if first is not None else None
        key = None if given is None else self._keys.find([given.encode()])
        if key is None:
            await self._refuse(given is not None, send)
            return None
        return key, _with_first(handshake, first, receive), _accepted(send)

    async def _refuse(self, given: bool, send: Send) -> None:
        error = ApiKeyError(
            UNKNOWN_KEY
            if given
            else f"an API key is needed: header xi-api-key, or {FIELD} in the first message"
        )
        self._metrics.refused_sockets.labels(error.code).inc()
        await _end(send, error.code, str(error))

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1


def _with_first(handshake: Message, first: Message | None, receive: Receive) -> Receive:
    """What has been received is received again."""
    before = [first, handshake]

    async def again() -> Any:
        return before.pop() if before else await receive()

    return again


def _accepted(send: Send) -> Send:
    """To a socket that is open already: what would refuse its handshake, ends it."""

    async def forward(message: Message) -> None:
        if message["type"] == "websocket.http.response.body":
            detail = orjson.loads(message["body"])["detail"]
            await _end(send, detail["status"], detail["message"])
        elif message["type"] not in ("websocket.accept", "websocket.http.response.start"):
            await send(message)

    return forward


async def _end(send: Send, code: str, message: str) -> None:
    close_code = by_code().get(code, InputError).close_code
    told = {"error": code, "message": message, "code": close_code}
    await send({"type": "websocket.send", "text": encode(told)})
    await send({"type": "websocket.close", "code": close_code, "reason": code})
