"""One HTTP request and its answer, each message under a deadline. For whatever speaks over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tensorrt_tts.errors import InputError, MessageTooBigError, SlowReaderError
from tensorrt_tts.server.context import ClientGoneError

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Send


DISCARDED = 16 * 2**20
"""Bytes of a body that is too long which are read and dropped. A server that closes a connection
with something unread on it resets it, and the client may lose the answer that says why."""


class HttpExchange:
    """On bare ASGI: only there is a client that has left heard of while it is being answered.

    Every method that sends raises SlowReaderError when the client took nothing for `timeout_s`, and
    ClientGoneError under servers that say so. An answer that was begun and is not finished is cut:
    the server closes the connection without the last chunk, by which HTTP tells half from whole.
    """

    def __init__(self, receive: Receive, send: Send, timeout_s: float, chunks: bool = True) -> None:
        """chunks: False for HTTP/1.0, which has none. Everything is sent at the end then, under its
        length: half an answer would else be taken for the whole."""
        self.started = False
        self.given_up = False  # on a body before its end: the connection is good for nothing else
        self._held: bytearray | None = None if chunks else bytearray()
        self._head: tuple[int, Mapping[str, str]] = (200, {})
        self._receive = receive
        self._send = send
        self._timeout_s = timeout_s

    async def read(self, limit: int) -> bytes:
        """The body. Raises MessageTooBigError, InputError with status 408 for one that is not there
        in time, and ClientGoneError."""
        content, size = bytearray(), 0
        self.given_up = True
        try:
            async with asyncio.timeout(self._timeout_s):
                while self.given_up and size <= limit + DISCARDED:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        raise ClientGoneError
                    piece = message.get("body", b"")
                    size += len(piece)
                    if size <= limit:
                        content += piece
                    self.given_up = message.get("more_body", False)
        except TimeoutError as error:
            if size <= limit:
                late = InputError(
                    f"the body did not come within {self._timeout_s:g} s; send all of it at once"
                )
                late.http_status = 408
                raise late from error
        if size > limit:
            raise MessageTooBigError(f"body is longer than {limit} bytes; send a shorter one")
        return bytes(content)

    async def gone(self) -> None:
        """Returns when the client has left. For after the body."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Nothing has been sent while `started` is False."""
        if self._held is not None:
            self._head = status, headers
            return
        sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self._put({"type": "http.response.start", "status": status, "headers": sent})
        self.started = True

    async def send(self, content: bytes) -> None:
        """Some of the body. Nothing is sent for nothing."""
        if self._held is not None:
            self._held += content
        elif content:
            await self._put({"type": "http.response.body", "body": content, "more_body": True})

    async def finish(self, content: bytes = b"") -> None:
        if self._held is not None:
            content, self._held = bytes(self._held + content), None
            status, headers = self._head
            await self.start(status, {**headers, "Content-Length": str(len(content))})
        await self._put({"type": "http.response.body", "body": content, "more_body": False})

    async def _put(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._send(message)
        except TimeoutError as error:
            raise SlowReaderError(
                f"client took no data for {self._timeout_s:g} s; read faster or ask again"
            ) from error
        except OSError as error:  # what an ASGI server raises where nobody is left, if it does
            raise ClientGoneError from error
