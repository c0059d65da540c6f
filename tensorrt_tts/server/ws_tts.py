"""`/ws/tts`: one socket, any number of requests on it, spoken in the order they came.

Two tasks per socket: one listens (always, so that a client who leaves is noticed at once), one
speaks. Whichever ends first ends the other.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from starlette.websockets import WebSocket

from tensorrt_tts.errors import (
    DrainingError,
    EngineDiedError,
    InputError,
    RateLimitError,
    SlowReaderError,
    TTSError,
)
from tensorrt_tts.server.allowance import Allowance
from tensorrt_tts.server.messages import (
    CancelMessage,
    SpeakMessage,
    error_message,
    parse,
)
from tensorrt_tts.server.peer import Peer, PeerGoneError
from tensorrt_tts.server.refusals import error_response
from tensorrt_tts.server.utterance import Utterance

if TYPE_CHECKING:
    from tensorrt_tts.server.service import Service

logger = logging.getLogger(__name__)

MESSAGES_AT_ONCE, MESSAGES_PER_S = 100, 50
"""Of one socket: more than anybody has to say, less than its neighbours feel. What it may send
ahead comes on top."""

SERVER_CLOSED = 1012
"""uvicorn's word for a socket that it cut itself, as it does when a drain is over."""


@dataclass(frozen=True, slots=True)
class Farewell:
    """How a socket ends. reason: also the outcome of the requests that are not answered by then.
    code None: it is closed already, there is nobody to say it to."""

    code: int | None
    reason: str

    @classmethod
    def of(cls, error: TTSError) -> Farewell:
        return cls(error.close_code, error.code)


GONE = Farewell(None, "disconnected")
CUT = Farewell(None, "cut")
IDLE = Farewell(1008, "idle_timeout")
FLOOD = Farewell(1008, "too_many_messages")


async def serve_socket(socket: WebSocket, service: Service) -> None:
    """Take the handshake or refuse it with an HTTP answer, then serve until either side ends."""
    try:
        service.admit()
    except TTSError as error:
        await refuse_socket(socket, service, error)
        return
    context = service.synthesizer.codec.context
    await socket.accept(
        headers=[
            (b"x-audio-sample-rate", b"%d" % context.sample_rate),
            (b"x-audio-samples-per-frame", b"%d" % context.samples_per_frame),
        ]
    )
    await SpeechSocket(socket, service).run()


async def refuse_socket(socket: WebSocket, service: Service, error: TTSError) -> None:
    """Instead of the handshake. A plain close would be answered 403, which reads as a matter of
    tokens."""
    service.metrics.refused_sockets.labels(error.code).inc()
    await socket.send_denial_response(error_response(error))


class SpeechSocket:
    """The state of one open socket."""

    def __init__(self, socket: WebSocket, service: Service) -> None:
        self._socket = socket
        self._service = service
        self._peer = Peer(socket, service.settings.send_timeout_s)
        self._loop = asyncio.get_running_loop()
        self._jobs: deque[Utterance] = deque()  # the first one is being spoken
        self._news = asyncio.Event()
        self._allowance = Allowance(MESSAGES_AT_ONCE + service.settings.max_pending, MESSAGES_PER_S)
        self._quiet_since = self._loop.time()

    async def run(self) -> None:
        """Returns when the socket is closed and nothing is left running for it."""
        self._service.sessions.add(self)
        self._service.metrics.sockets.inc()
        listen = asyncio.create_task(self._guarded(self._listen), name="listen")
        speak = asyncio.create_task(self._guarded(self._speak), name="speak")
        farewell = CUT  # what ends this task from outside is uvicorn, at the end of a drain
        try:
            await asyncio.wait({listen, speak}, return_when=asyncio.FIRST_COMPLETED)
            # Both end when the socket does, but only the listening one is told who closed it.
            farewell = (listen if listen.done() else speak).result()
            await self._stop({listen, speak})
            if farewell.code is not None:
                await self._peer.close(farewell.code, farewell.reason)
        finally:
            for task in (listen, speak):
                task.cancel()
            while self._jobs:
                self._settle(self._jobs[0], farewell.reason)
            self._service.sessions.discard(self)
            self._service.metrics.sockets.dec()

    def drain(self) -> None:
        """See `service.Session`. The speaking task looks at the service's health."""
        self._news.set()

    async def _stop(self, tasks: set[asyncio.Task[Farewell]]) -> None:
        """An engine that does not let go of a stream in time has failed: the slot stays taken,
        which is the truth, and the process will be replaced."""
        for task in tasks:
            task.cancel()
        limit = self._service.settings.abort_timeout_s
        _, stuck = await asyncio.wait(tasks, timeout=limit)
        if stuck:
            self._service.note_error(
                EngineDiedError(f"the engine did not stop a stream within {limit:g} s")
            )

    async def _guarded(self, part: Any) -> Farewell:
        try:
            farewell: Farewell = await part()
            return farewell
        except PeerGoneError:
            return GONE
        except TTSError as error:  # only those that end the socket come this far
            return Farewell.of(error)

    # Listening

    async def _listen(self) -> Farewell:
        limit = self._service.settings.idle_timeout_s
        while True:
            quiet_since = self._loop.time() if self._jobs else self._quiet_since
            try:
                async with asyncio.timeout_at(quiet_since + limit):
                    event = await self._socket.receive()
            except TimeoutError:
                if self._jobs or self._loop.time() < self._quiet_since + limit:
                    continue
                return IDLE
            if event["type"] == "websocket.disconnect":
                draining = self._service.health.draining
                return CUT if draining and event["code"] == SERVER_CLOSED else GONE
            if not self._allowance.take():
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
            self._accept(message)
        except TTSError as error:
            self._service.metrics.requests.labels(error.code).inc()
            await self._peer.send(error_message(error, _id_in(text)))

    def _accept(self, message: SpeakMessage) -> None:
        self._service.refuse_if_closing()
        limit = self._service.settings.max_pending
        if len(self._jobs) >= limit:
            raise RateLimitError(
                f"{len(self._jobs)} requests of this socket are not answered yet, the most it may "
                "have; wait for one to be done",
                retry_after=1,
            )
        self._jobs.append(Utterance(message, self._service, self._peer))
        self._news.set()

    def _cancel(self, message: CancelMessage) -> None:
        """Too late is not an error: the request may just have finished."""
        for job in self._jobs:
            if message.cancel is True or message.cancel == job.message.id:
                job.cancel()

    # Speaking

    async def _speak(self) -> Farewell:
        while True:
            while self._jobs:
                await self._answer(self._jobs[0])
            if self._service.health.draining:
                return Farewell.of(DrainingError())
            self._news.clear()
            await self._news.wait()

    async def _answer(self, job: Utterance) -> None:
        """Speak one request and say how it ended.

        Raises what ends the whole socket: PeerGoneError, SlowReaderError, EngineDiedError.
        """
        failure = None
        try:
            reason = await job.speak()
            outcome, answer = reason.value, job.done(reason)
        except PeerGoneError:
            raise  # `run` settles it: it knows whether the client left or was cut
        except Exception as error:
            failure = self._failure(error)
            outcome, answer = failure.code, error_message(failure, job.message.id)
        self._settle(job, outcome)
        if isinstance(failure, SlowReaderError):
            raise failure
        await self._peer.send(answer)
        if isinstance(failure, EngineDiedError):
            raise failure

    def _settle(self, job: Utterance, outcome: str) -> None:
        """Once for every request that was accepted."""
        if job not in self._jobs:
            return  # by `run`, which did not wait for an engine that does not let go
        self._jobs.remove(job)
        self._service.metrics.requests.labels(outcome).inc()
        self._log(job, outcome)
        self._quiet_since = self._loop.time()

    def _failure(self, error: Exception) -> TTSError:
        if isinstance(error, TTSError):
            self._service.note_error(error)
            return error
        logger.exception("request failed in an unforeseen way", exc_info=error)
        return TTSError(f"the server failed ({type(error).__name__}); try again, and report it")

    def _log(self, job: Utterance, outcome: str) -> None:
        report = job.report
        first = report.first_audio_s if report is not None else None
        logger.info(
            "%s: %d characters, %d chunks, %.2f s of audio, queued %.0f ms, first audio %s",
            outcome,
            len(job.message.text),  # never the text itself: it is the client's
            job.chunks,
            job.samples / self._service.synthesizer.sample_rate,
            1000 * job.queue_s,
            "none" if first is None else f"{1000 * first:.0f} ms",
        )


def _id_in(text: str | None) -> str | None:
    """Of a message that was refused, so that its sender knows which. Not JSON: None."""
    try:
        content = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        return None
    name = content.get("id") if isinstance(content, dict) else None
    return name if isinstance(name, str) else None
