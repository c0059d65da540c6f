"""Deepgram's WebSocket, `/v1/speak`: text in pieces, spoken in the order it came.

All text up to a Flush is one context, which the Flush ends. There are no names for what is being
said, so whatever is done is done in order, by one part that works through `_jobs`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Literal

from tensorrt_tts import __version__
from tensorrt_tts.errors import (
    DrainingError,
    InputError,
    RateLimitError,
    SlowReaderError,
    TextError,
    TTSError,
)
from tensorrt_tts.server.context import Reason
from tensorrt_tts.server.fed_context import FedContext
from tensorrt_tts.server.protocols import deepgram_wire as wire
from tensorrt_tts.server.protocols.fields import checked, checked_object
from tensorrt_tts.server.protocols.listening_socket import CLOSED, CloseReason, ListeningSocket
from tensorrt_tts.speech import SpeechRequest

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

    from tensorrt_tts.server.protocols.foreign_voices import ForeignVoices
    from tensorrt_tts.server.service import Service

Answer = Literal["Flushed", "Cleared"]

Job = FedContext | Answer | CloseReason
"""To be spoken, said, or the end."""

MAX_JOBS = 64
"""Flushes of nothing and the like that may wait for what is being spoken."""


class DeepgramSocket(ListeningSocket):
    messages_at_once, messages_per_s = 1000, 200
    """A language model's words, each in a message."""

    def __init__(self, socket: WebSocket, service: Service, voices: ForeignVoices) -> None:
        """Raises InputError, which refuses the handshake."""
        super().__init__(socket, service)
        self._query = checked(socket.query_params, wire.SocketQuery)
        self._source = self.service.synthesizer.audio
        self._query.output(self._source)
        self._voice = self._query.voice(voices)
        self._name = wire.request_id()
        self.headers = [(b"dg-request-id", self._name.encode())]
        self._jobs: deque[Job] = deque()
        self._news = asyncio.Event()
        self._open: FedContext | None = None
        self._answered = 0
        self._closing = False

    async def run(self) -> None:
        self.start(self._work)
        await super().run()

    def on_drain(self) -> None:
        self._news.set()  # the working part looks at the health

    # Listening

    async def take(self, text: str) -> None:
        example = '{"type": "Speak", "text": "Hello."}'
        message = checked_object(text, wire.Message, example, "message")
        if self._closing:
            raise InputError(f"{message.type} came after Close; open another socket for more")
        if message.type == "Speak":
            if message.text is None:
                raise InputError(f"field 'text' is missing; send it: {example}")
            self._feed(message.text)
        elif message.type == "Flush":
            self._end_text()
            self._put("Flushed")
        elif message.type == "Clear":
            self._clear()
        else:
            self._end_text()
            self._closing = True
            self._put(CLOSED)

    async def refuse(self, error: TTSError, text: str | None) -> None:
        """A warning where nothing is lost that was to be spoken; else the end: half of what was
        asked for must not pass for the whole."""
        if isinstance(error, InputError) and not isinstance(error, TextError):
            await self.client.send(wire.warning(error))
            return
        await self.client.send(wire.failure(error, self._name))
        self.end(CloseReason.of(error))

    def _feed(self, text: str) -> None:
        """A text that is longer than a context may be goes on in the next one."""
        most = self.service.settings.max_characters
        if self._open is not None and self._open.characters + len(text) > most:
            self._end_text()
        if self._open is None or self._open.ended:
            request = SpeechRequest("", self._voice, words=False)
            self._open = self.service.speak_fed(request, self.caller)
            self._put(self._open)
        self._open.feed(text)

    def _end_text(self) -> None:
        if self._open is not None:
            self._open.end()
            self._open = None

    def _clear(self) -> None:
        """What is queued and what is spoken. Flushes of it are not answered any more: their clients
        have moved on, and would take the answer for that of what comes next."""
        self._open = None
        for context in self.caller.contexts:
            context.cancel()
        kept = [job for job in self._jobs if job != "Flushed"]
        self._jobs.clear()
        self._jobs.extend(kept)
        self._put("Cleared")

    def _put(self, job: Job) -> None:
        if len(self._jobs) >= MAX_JOBS + self.service.settings.max_pending:
            raise RateLimitError(
                f"{len(self._jobs)} messages of this socket wait for what is being spoken, the "
                "most that may; wait for answers",
                retry_after=1,
            )
        self._jobs.append(job)
        self._news.set()

    # Speaking

    async def _work(self) -> CloseReason:
        model = self.service.model_name
        await self.client.send(wire.metadata(self._name, model, __version__))
        while True:
            while self._jobs:
                job = self._jobs.popleft()
                if isinstance(job, CloseReason):
                    return job
                if isinstance(job, FedContext):
                    await self._speak(job)
                else:
                    await self.client.send(wire.answered(job, self._answered))
                    self._answered += 1
                self.stay_open()
            if self.service.health.draining:
                return CloseReason.of(DrainingError())
            self._news.clear()
            await self._news.wait()

    async def _speak(self, context: FedContext) -> None:
        """Raises what ends the whole socket."""
        output = self._query.output(self._source)
        try:
            async with context:
                async for chunk in context:
                    await self._send(await output.encode(chunk.pcm))
        except SlowReaderError:
            raise
        except TTSError as error:
            await self.client.send(wire.failure(error, self._name))
            raise
        if context.outcome != Reason.CANCELLED:
            await self._send(await output.encode_rest())

    async def _send(self, audio: bytes) -> None:
        if audio:
            await self.client.send_bytes(audio)
