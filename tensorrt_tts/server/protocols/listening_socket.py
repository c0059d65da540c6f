"""One open WebSocket, as all protocols have it: admitted or refused, listened to, idle, drained,
ended."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import Response
from starlette.websockets import WebSocket

from tensorrt_tts.errors import InputError, SlowReaderError, TTSError
from tensorrt_tts.server.connection import ClientConnection
from tensorrt_tts.server.context import Caller, ClientGoneError
from tensorrt_tts.server.refusals import refusal
from tensorrt_tts.server.token_bucket import TokenBucket

if TYPE_CHECKING:
    from tensorrt_tts.server.service import Service

SERVER_CLOSED = 1012
"""Close code uvicorn uses when it closes a socket, as it does when a drain is over."""


@dataclass(frozen=True, slots=True)
class CloseReason:
    """How a socket ends."""

    # None: it is closed already, there is nobody to say it to.
    code: int | None
    # Also the outcome of the requests that are not answered by then.
    reason: str
    error: TTSError | None = None

    @classmethod
    def of(cls, error: TTSError) -> CloseReason:
        return cls(error.close_code, error.code, error)


DISCONNECTED = CloseReason(None, "disconnected")
SHUTDOWN = CloseReason(None, "cut")
IDLE = CloseReason(1008, "idle_timeout")
FLOOD = CloseReason(1008, "too_many_messages")
CLOSED = CloseReason(1000, "closed")
"""The client asked for it."""

Part = Callable[[], Awaitable[CloseReason | None]]
"""Something that runs for a socket. None: it is done, and the socket stays."""


class ListeningSocket(ABC):
    """Who asks on one socket, and all that runs for it. It always listens, so that a client who
    leaves is noticed at once; what else is to be done, a protocol starts as parts. Whichever part
    ends the socket ends the others.

    A protocol's own `__init__` may refuse the handshake: what TTSError it raises is the answer.
    """

    messages_at_once, messages_per_s = 100, 50
    """Of one client: more than anybody has to say, less than its neighbours feel. What it may send
    ahead comes on top."""

    def __init__(self, socket: WebSocket, service: Service) -> None:
        settings = service.settings
        self.service = service
        self.client = ClientConnection(socket, settings.send_timeout_s)
        self.caller = Caller(on_drain=self.on_drain)
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[CloseReason] = self._loop.create_future()
        self._parts: set[asyncio.Task[CloseReason | None]] = set()
        burst = self.messages_at_once + settings.max_pending
        self._may_send = TokenBucket(burst, self.messages_per_s)
        self._quiet_since = self._loop.time()

    # What a protocol adds

    headers: Sequence[tuple[bytes, bytes]] = ()
    """Of the handshake's answer."""

    @abstractmethod
    async def take(self, text: str) -> None:
        """One message of the client's. Its mistakes are raised as TTSError, and the socket stays
        open."""

    @abstractmethod
    async def refuse(self, error: TTSError, text: str | None) -> None:
        """Tell the client that this message of its was wrong. text: None for a binary one."""

    @abstractmethod
    def on_drain(self) -> None:
        """The server stops: finish what was asked for, then `end`."""

    async def last_words(self, ended: CloseReason) -> None:
        """Before it is closed. Nothing else runs by then."""
        return

    # What it does that with

    def start(self, part: Part) -> asyncio.Task[CloseReason | None]:
        """Run it for as long as the socket is open. What it returns, unless None, ends the socket,
        and so does a ClientGoneError or TTSError that it raises."""
        task = asyncio.create_task(self._guarded(part))
        self._parts.add(task)
        task.add_done_callback(self._ended)
        return task

    def end(self, reason: CloseReason) -> None:
        """Only the first reason counts."""
        if not self._over.done():
            self._over.set_result(reason)

    def stay_open(self) -> None:
        """From now on it is idle: it was just asked for something, or answered."""
        self._quiet_since = self._loop.time()

    # Its life

    async def run(self) -> None:
        """Returns when the socket is closed and nothing is left running for it."""
        listen = self.start(self._listen)
        ended = SHUTDOWN  # what ends this task from outside is the server, at the end of a drain
        try:
            ended = await self._over
            # All parts end when the socket does, but only this one is told who closed it.
            ended = (listen.result() if listen.done() else None) or ended
            await self.service.cancel(listen, *self._parts)
            if ended.code is not None:
                with contextlib.suppress(ClientGoneError, SlowReaderError):
                    await self.last_words(ended)
                await self.client.close(ended.code, ended.reason)
        finally:
            for task in self._parts:
                task.cancel()
            while self.caller.contexts:
                self.caller.contexts[0].settle(ended.reason)

    async def _guarded(self, part: Part) -> CloseReason | None:
        try:
            ended = await part()
        except ClientGoneError:
            ended = DISCONNECTED
        except TTSError as error:  # only those that end the socket come this far
            ended = CloseReason.of(error)
        if ended is not None:
            self.end(ended)
        return ended

    def _ended(self, task: asyncio.Task[CloseReason | None]) -> None:
        self._parts.discard(task)
        failure = None if task.cancelled() else task.exception()
        if failure is not None and not self._over.done():
            self._over.set_exception(failure)

    async def _listen(self) -> CloseReason:
        limit = self.service.settings.idle_timeout_s
        while True:
            busy = bool(self.caller.contexts)
            quiet_since = self._loop.time() if busy else self._quiet_since
            try:
                async with asyncio.timeout_at(quiet_since + limit):
                    event = await self._socket.receive()
            except TimeoutError:
                if self.caller.contexts or self._loop.time() < self._quiet_since + limit:
                    continue
                return IDLE
            if event["type"] == "websocket.disconnect":
                draining = self.service.health.draining
                return SHUTDOWN if draining and event["code"] == SERVER_CLOSED else DISCONNECTED
            if not self._may_send.take():
                return FLOOD
            await self._take(event.get("text"))
            await asyncio.sleep(0)  # neither receiving nor answering waits while there is more

    async def _take(self, text: str | None) -> None:
        self.stay_open()
        try:
            if text is None:
                raise InputError("a binary message came where JSON text is due; send text frames")
            await self.take(text)
        except SlowReaderError:
            raise
        except TTSError as error:
            self.service.note_refusal(error)
            await self.refuse(error, text)


def socket_route(
    path: str, service: Service, kind: Callable[[WebSocket, Service], ListeningSocket]
) -> APIRouter:
    """The route of a protocol over a WebSocket, and what is said there to plain HTTP."""
    router = APIRouter()

    @router.websocket(path)
    async def speak(socket: WebSocket) -> None:
        await serve_socket(socket, service, kind)

    @router.get(path, include_in_schema=False)
    async def no_upgrade() -> Response:
        """A browser that is refused a socket does not say why; here the page can ask."""
        try:
            service.refuse_if_full()
        except TTSError as error:
            return refusal(path, error)
        missing = InputError(
            "header 'Upgrade: websocket' is missing; open a WebSocket here, and let a proxy in "
            "between pass the headers Upgrade and Connection on"
        )
        return refusal(path, missing, 426, {"Upgrade": "websocket"})

    return router


async def serve_socket(
    socket: WebSocket, service: Service, kind: Callable[[WebSocket, Service], ListeningSocket]
) -> None:
    """Take the handshake or refuse it with an HTTP answer, then serve until either side ends."""
    with contextlib.ExitStack() as stack:
        try:
            ours = kind(socket, service)
            stack.enter_context(service.admit(ours.caller))
        except TTSError as error:
            await refuse_socket(socket, service, error)
            return
        await socket.accept(headers=ours.headers)
        await ours.run()


async def refuse_socket(socket: WebSocket, service: Service, error: TTSError) -> None:
    """Instead of the handshake. A plain close would be answered 403, which reads as a matter of
    tokens."""
    service.metrics.refused_sockets.labels(error.code).inc()
    await socket.send_denial_response(refusal(socket.scope["path"], error))
