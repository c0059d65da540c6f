"""`/ws/tts`: one socket, any number of requests on it, spoken in the order they came.

Two tasks per socket: one listens (always, so that a client who leaves is noticed at once), one
speaks. Whichever ends first ends the other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from starlette.websockets import WebSocket

from tensorrt_tts.errors import (
    DrainingError,
    EngineDiedError,
    InputError,
    SlowReaderError,
    TTSError,
)
from tensorrt_tts.server.connection import ClientConnection
from tensorrt_tts.server.context import Caller, ClientGoneError, Context
from tensorrt_tts.server.deadlines import cancel
from tensorrt_tts.server.protocols.wire import (
    CancelMessage,
    SpeakMessage,
    audio_headers,
    done_message,
    error_message,
    parse,
    words_message,
)
from tensorrt_tts.server.refusals import error_response
from tensorrt_tts.server.token_bucket import TokenBucket

if TYPE_CHECKING:
    from tensorrt_tts.server.service import Service

MESSAGES_AT_ONCE, MESSAGES_PER_S = 100, 50
"""Of one socket: more than anybody has to say, less than its neighbours feel. What it may send
ahead comes on top."""

SERVER_CLOSED = 1012
"""Close code uvicorn uses when it closes a socket, as it does when a drain is over."""


@dataclass(frozen=True, slots=True)
class CloseReason:
    """How a socket ends."""

    # None: it is closed already, there is nobody to say it to.
    code: int | None
    # Also the outcome of the requests that are not answered by then.
    reason: str

    @classmethod
    def of(cls, error: TTSError) -> CloseReason:
        return cls(error.close_code, error.code)


DISCONNECTED = CloseReason(None, "disconnected")
SHUTDOWN = CloseReason(None, "cut")
IDLE = CloseReason(1008, "idle_timeout")
FLOOD = CloseReason(1008, "too_many_messages")


async def serve_socket(socket: WebSocket, service: Service) -> None:
    """Take the handshake or refuse it with an HTTP answer, then serve until either side ends."""
    speech_socket = SpeechSocket(socket, service)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(service.admit(speech_socket.caller))
        except TTSError as error:
            await refuse_socket(socket, service, error)
            return
        await socket.accept(headers=audio_headers(service.synthesizer.codec.context))
        await speech_socket.run()


async def refuse_socket(socket: WebSocket, service: Service, error: TTSError) -> None:
    """Instead of the handshake. A plain close would be answered 403, which reads as a matter of
    tokens."""
    service.metrics.refused_sockets.labels(error.code).inc()
    await socket.send_denial_response(error_response(error))


class SpeechSocket:
    """One open socket: who asks there, and what for."""

    def __init__(self, socket: WebSocket, service: Service) -> None:
        self._socket = socket
        self._service = service
        self._client = ClientConnection(socket, service.settings.send_timeout_s)
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self.caller = Caller(on_drain=self._news.set)  # the speaking task looks at the health
        self._messages: dict[Context, SpeakMessage] = {}  # what each of its contexts was asked by
        burst = MESSAGES_AT_ONCE + service.settings.max_pending
        self._may_send = TokenBucket(burst, MESSAGES_PER_S)
        self._quiet_since = self._loop.time()

    async def run(self) -> None:
        """Returns when the socket is closed and nothing is left running for it."""
        listen = asyncio.create_task(self._guarded(self._listen), name="listen")
        speak = asyncio.create_task(self._guarded(self._speak), name="speak")
        ended = SHUTDOWN  # what ends this task from outside is the server, at the end of a drain
        try:
            await asyncio.wait({listen, speak}, return_when=asyncio.FIRST_COMPLETED)
            # Both end when the socket does, but only the listening one is told who closed it.
            ended = (listen if listen.done() else speak).result()
            await self._stop(listen, speak)
            if ended.code is not None:
                await self._client.close(ended.code, ended.reason)
        finally:
            for task in (listen, speak):
                task.cancel()
            while self.caller.contexts:
                self.caller.contexts[0].settle(ended.reason)

    async def _stop(self, *tasks: asyncio.Task[CloseReason]) -> None:
        """Where the engine does not let go of a stream, its slot stays taken, which is the truth,
        and the process will be replaced."""
        try:
            await cancel(tasks, self._service.settings.abort_timeout_s)
        except EngineDiedError as error:
            self._service.note_error(error)

    async def _guarded(self, part: Callable[[], Awaitable[CloseReason]]) -> CloseReason:
        try:
            return await part()
        except ClientGoneError:
            return DISCONNECTED
        except TTSError as error:  # only those that end the socket come this far
            return CloseReason.of(error)

    # Listening

    async def _listen(self) -> CloseReason:
        limit = self._service.settings.idle_timeout_s
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
                draining = self._service.health.draining
                return SHUTDOWN if draining and event["code"] == SERVER_CLOSED else DISCONNECTED
            if not self._may_send.take():
                return FLOOD
            await self._take(event.get("text"))
            await asyncio.sleep(0)  # neither receiving nor answering waits while there is more

    async def _take(self, text: str | None) -> None:
        """One message of the client's. Its mistakes are answered; the socket stays open."""
        self._quiet_since = self._loop.time()
        try:
            if text is None:
                raise InputError("a binary message came where JSON text is due; send text frames")
            message = parse(text)
            if isinstance(message, CancelMessage):
                self._cancel(message)
                return
            self._messages[self._service.speak(message.request(), self.caller)] = message
            self._news.set()
        except TTSError as error:
            self._service.note_refusal(error)
            await self._client.send(error_message(error, _id_in(text)))

    def _cancel(self, message: CancelMessage) -> None:
        """Too late is not an error: the request may just have finished."""
        for context in self.caller.contexts:
            if message.cancel is True or message.cancel == self._messages[context].id:
                context.cancel()

    # Speaking

    async def _speak(self) -> CloseReason:
        while True:
            while self.caller.contexts:
                await self._answer(self.caller.contexts[0])
            if self._service.health.draining:
                return CloseReason.of(DrainingError())
            self._news.clear()
            await self._news.wait()

    async def _answer(self, context: Context) -> None:
        """Speak one request and say how it ended.

        Raises what ends the whole socket: ClientGoneError, whose reason `run` knows,
        SlowReaderError, EngineDiedError.
        """
        message, failure = self._messages[context], None
        try:
            async with context:
                async for chunk in context:
                    await self._client.send_audio(chunk.pcm)
                    await self._send_words(context, message)
            await self._send_words(context, message)
            rate = self._service.synthesizer.sample_rate
            answer = done_message(
                context,
                rate,
                message.id,
                benchmark=message.benchmark,
                return_normalized=message.return_normalized,
                return_words=message.return_words,
            )
        except SlowReaderError:
            raise
        except TTSError as error:
            failure, answer = error, error_message(error, message.id)
        del self._messages[context]
        self._quiet_since = self._loop.time()
        await self._client.send(answer)
        if isinstance(failure, EngineDiedError):
            raise failure

    async def _send_words(self, context: Context, message: SpeakMessage) -> None:
        if message.return_words and (words := context.words()):
            await self._client.send(words_message(words, message.id))


def _id_in(text: str | None) -> str | None:
    """Of a message that was refused, so that its sender knows which. Not JSON: None."""
    try:
        content = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        return None
    name = content.get("id") if isinstance(content, dict) else None
    return name if isinstance(name, str) else None
