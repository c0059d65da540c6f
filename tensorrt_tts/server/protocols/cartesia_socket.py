"""`/tts/websocket`: several contexts on a socket, their text in pieces, their audio as base64 in
JSON."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from tensorrt_tts.errors import TTSError
from tensorrt_tts.server.context import Reason
from tensorrt_tts.server.protocols import cartesia_wire as wire
from tensorrt_tts.server.protocols.context_socket import ContextSocket
from tensorrt_tts.server.protocols.fields import name_in

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

    from tensorrt_tts.audio.audio_output import AudioOutput
    from tensorrt_tts.server.fed_context import FedContext
    from tensorrt_tts.server.protocols.foreign_voices import ForeignVoices
    from tensorrt_tts.server.service import Service
    from tensorrt_tts.speech import AudioChunk

TICK_S = 1.0
"""Between two looks for what is due without any audio."""

KEEP_ALIVE_S = 4.0
"""A context that has heard nothing for so long is sent a `flush_done` that answers none: LiveKit
gives up after 10 s, which a place in the queue or a listener's lead may well take."""


class CartesiaSocket(ContextSocket):
    def __init__(self, socket: WebSocket, service: Service, voices: ForeignVoices) -> None:
        super().__init__(socket, service)
        self.name = wire.request_id()
        self.headers = [(b"x-request-id", self.name.encode())]
        self.contexts: dict[str, CartesiaContext] = {}
        """By the client's names; those whose last message has not been sent."""
        self._voices = voices

    async def run(self) -> None:
        self.start(self._tick)
        await super().run()

    async def take(self, text: str) -> None:
        message = wire.parse(text)
        if isinstance(message, wire.CancelMessage):
            self._cancel(message.context_id)
        else:
            context = self.contexts.get(message.context_id)
            if context is None or context.cancelled:
                context = self._open(message)
            context.take(message)

    async def refuse(self, error: TTSError, text: str | None) -> None:
        """It ends the context, as clients take it to."""
        name = name_in(text, "context_id", wire.MAX_ID_CHARACTERS)
        if name is not None:
            self._cancel(name, forget=True)
        await self.client.send(wire.error_message(error, name, self.name))
        if name is not None:
            await self.client.send(wire.done_message(name))

    def _open(self, message: wire.SpeakMessage) -> CartesiaContext:
        request = message.request(self._voices)
        source = self.service.synthesizer.audio
        output = message.output_format.output(source, message.speed)
        fed = self.service.speak_fed(request, self.caller)
        context = CartesiaContext(self, message, fed, output)
        before = self.contexts.pop(message.context_id, None)
        if before is not None:  # its end would be taken for that of the one that begins
            before.forgotten = True
        self.contexts[message.context_id] = context
        self.speak(fed, context)
        return context

    def _cancel(self, name: str, forget: bool = False) -> None:
        """Too late is not an error: it may just have ended. forget: say no more of it."""
        context = self.contexts.get(name)
        if context is None:
            return
        context.cancel()
        if forget:
            context.forgotten = True
            del self.contexts[name]

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for context in list(self.contexts.values()):
                await context.tick()


class CartesiaContext:
    """One of a client's contexts: what is said to it, and what it says."""

    def __init__(
        self,
        socket: CartesiaSocket,
        message: wire.SpeakMessage,
        fed: FedContext,
        output: AudioOutput,
    ) -> None:
        self._socket = socket
        self._first = message
        self._name = message.context_id
        self._fed = fed
        self._output = output
        self._loop = asyncio.get_running_loop()
        self.cancelled = False
        self.forgotten = False  # not even its end is said
        self._flushes: deque[tuple[int, int]] = deque()  # place among all flushes, the client's id
        self._flush_count = self._flush_ids = 0
        self._waited: asyncio.TimerHandle | None = None
        self._chunk_at = 0.0  # when the last one was ready
        self._samples = 0  # of the model's, that were sent
        self._said_at = self._loop.time()

    def take(self, message: wire.SpeakMessage) -> None:
        """More text, or the end of it."""
        if self._waited is not None:
            self._waited.cancel()
        delay = self._first.delay_s
        flush = bool(message.flush)
        if flush:
            self._flush_ids += 1
            self._flushes.append((self._flush_count, self._flush_ids))
        self._feed(message.transcript, flush or not delay)
        if not message.continue_:
            self._fed.end()
        elif not flush and delay:
            self._waited = self._loop.call_later(delay, self._speak_what_came)

    def cancel(self) -> None:
        self.cancelled = True
        self._fed.cancel()

    async def tick(self) -> None:
        await self._say_flushes()
        if self._loop.time() - self._said_at >= KEEP_ALIVE_S:
            await self._say(wire.flush_done_message(wire.NO_FLUSH, self._name))

    # For `ContextSocket`

    async def audio(self, chunk: AudioChunk) -> None:
        step_s, self._chunk_at = chunk.at - self._chunk_at, chunk.at
        self._samples += len(chunk.pcm)
        audio = await self._output.encode(chunk.pcm)
        if audio:
            await self._say(wire.chunk_message(audio, 1000 * step_s, self._name))
        await self._say_words()
        await self._say_flushes()

    async def done(self) -> None:
        if self._fed.outcome != Reason.CANCELLED:
            await self._say_words()
            rest = await self._output.encode_rest()
            if rest:
                await self._say(wire.chunk_message(rest, 0.0, self._name))
            await self._say_flushes(ended=True)
        await self._say_last(wire.done_message(self._name))

    async def failed(self, error: TTSError) -> None:
        name = self._name
        await self._say_last(
            wire.error_message(error, name, self._socket.name), wire.done_message(name)
        )

    def _feed(self, text: str, flush: bool) -> None:
        self._flush_count += flush
        self._fed.feed(text, flush)

    def _speak_what_came(self) -> None:
        if not self._fed.ended:
            self._feed("", flush=True)

    async def _say_words(self) -> None:
        words = self._fed.words() if self._first.add_timestamps else []
        if words:
            await self._say(wire.timestamps_message(words, self._first.speed, self._name))

    async def _say_flushes(self, ended: bool = False) -> None:
        """Answer those whose audio has all been sent."""
        while self._flushes and (ended or self._is_spoken(self._flushes[0][0])):
            _, flush_id = self._flushes.popleft()
            await self._say(wire.flush_done_message(flush_id, self._name))

    def _is_spoken(self, flush: int) -> bool:
        ends_at = self._fed.flushed_at(flush)
        return ends_at is not None and self._samples >= ends_at

    async def _say(self, message: dict[str, object]) -> None:
        if not self.cancelled:
            self._said_at = self._loop.time()
            await self._socket.client.send(message)

    async def _say_last(self, *messages: dict[str, object]) -> None:
        if self._waited is not None:
            self._waited.cancel()
        if not self.forgotten:
            self.cancelled = True
            del self._socket.contexts[self._name]
            for message in messages:
                await self._socket.client.send(message)
