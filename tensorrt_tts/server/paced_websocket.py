"""uvicorn's WebSocket, made to share the event loop with the others.

uvicorn parses all that one read brings in one go: 256 KiB of the shortest messages stop every
stream for half a second before the first of them is looked at. Here a read is parsed in pieces,
with a turn of the loop after each, and only as fast as the application takes the messages. It leans
on what uvicorn 0.54 looks like inside, so the `server` extra asks for that one.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from tensorrt_tts.server.token_bucket import TokenBucket

PIECE_BYTES = 1024
"""At most 170 frames, parsed in a millisecond."""

ASIDES_AT_ONCE, ASIDES_PER_S = 1000, 50
"""Pings and fragments, which the application does not see and so cannot count."""

QUIET_S = 0.5
"""Of a peer that said too much after our goodbye to be listened to: now it waits for the end."""


class PacedWebSocket(WebSocketsSansIOProtocol):
    """For `uvicorn.Config(ws=…)`. Holds at most two reads that are not parsed yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unread = bytearray()
        self._turn: asyncio.Handle | None = None
        self._quiet: asyncio.Handle | None = None
        self._after_close = 0
        self._asides = TokenBucket(ASIDES_AT_ONCE, ASIDES_PER_S)

    def data_received(self, data: bytes) -> None:
        if self._no_longer_heard(len(data)):
            return
        self._unread += data
        if self._turn is None:
            self._parse()

    async def receive(self) -> Any:
        event = await super().receive()
        self._go_on()
        return event

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            # uvicorn forgets, and logs every refusal as an error (Kludex/uvicorn#3138).
            self.handshake_complete = True
        if self.close_sent:
            self._go_on()  # the peer's goodbye may be behind what was not parsed yet

    def handle_ping(self) -> None:
        if self._bears_aside():
            super().handle_ping()

    def handle_cont(self, event: Frame) -> None:
        if self._bears_aside():
            super().handle_cont(event)

    def _bears_aside(self) -> bool:
        if self._asides.take():
            return True
        if not self.close_sent:
            self.conn.fail(1008, "too_many_messages")
            self.handle_parser_exception()  # tells the application and closes
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._unread.clear()
        for handle in (self._turn, self._quiet):
            if handle is not None:
                handle.cancel()
        super().connection_lost(exc)

    def _no_longer_heard(self, size: int) -> bool:
        """After the goodbye one more message and the peer's own goodbye are waited for. Whoever
        says more is read, so that it gets to read ours, but not listened to, and its goodbye may be
        in what is dropped: it ends when nothing comes any more."""
        self._after_close += size if self.close_sent else 0
        if self.transport.is_closing():
            return True
        if self._after_close <= self.config.ws_max_size:
            return False
        if self._quiet is not None:
            self._quiet.cancel()
        self._quiet = self.loop.call_later(QUIET_S, self.transport.close)
        return True

    def _parse(self) -> None:
        self._turn = None
        piece = bytes(self._unread[:PIECE_BYTES])
        del self._unread[:PIECE_BYTES]
        super().data_received(piece)
        self._go_on()

    def _go_on(self) -> None:
        """read_paused: the application has messages to take first; `receive` comes back here."""
        if self.transport.is_closing():
            self._unread.clear()
        elif self._unread:
            self.transport.pause_reading()
            if self._turn is None and not self.read_paused:
                self._turn = self.loop.call_soon(self._parse)
        elif not self.read_paused:
            self.transport.resume_reading()
