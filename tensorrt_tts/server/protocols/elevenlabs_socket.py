"""ElevenLabs' WebSockets: text in pieces, audio as base64 in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorrt_tts.errors import InputError, TextError, TTSError
from tensorrt_tts.server.context import Reason
from tensorrt_tts.server.protocols import elevenlabs_wire as wire
from tensorrt_tts.server.protocols.context_socket import ContextSocket
from tensorrt_tts.server.protocols.elevenlabs_alignment import CharacterTimes
from tensorrt_tts.server.protocols.fields import checked, checked_object, invalid, name_in
from tensorrt_tts.server.protocols.listening_socket import CLOSED, CloseReason
from tensorrt_tts.validation import shown

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

    from tensorrt_tts.audio.audio_output import AudioOutput
    from tensorrt_tts.server.fed_context import FedContext
    from tensorrt_tts.server.service import Service
    from tensorrt_tts.speech import AudioChunk

DEFAULT_CONTEXT = "default"
"""The one that a message without an id is about."""


class ElevenLabsSocket(ContextSocket):
    """What both have. One that has been asked to end does so when nothing is spoken any more."""

    def __init__(self, socket: WebSocket, service: Service, voice: str) -> None:
        """voice: the model's own name. Raises InputError, which refuses the handshake."""
        super().__init__(socket, service)
        self._query = checked(socket.query_params, wire.SocketQuery)
        self._voice = voice
        self._contexts: dict[str | None, ElevenLabsContext] = {}
        self._closing = False
        self.output(None)
        self.headers = [(b"request-id", wire.request_id().encode())]

    def output(self, speed: float | None) -> AudioOutput:
        """Of one context. Raises InputError for a format that is none."""
        return wire.output(self._query.output_format, self.service.synthesizer.audio, speed)

    async def take(self, text: str) -> None:
        message = checked_object(text, wire.Message, '{"text": "Hello. "}', "message")
        if not self._closing:
            self.heard(message)
        elif message.text:
            raise InputError("the text of this socket has ended; open another for more")

    def heard(self, message: wire.Message) -> None:
        raise NotImplementedError

    def open(self, name: str | None, speed: float | None) -> ElevenLabsContext:
        output = self.output(speed)
        times = CharacterTimes(speed or 1.0, self._query.sync_alignment)
        fed = self.service.speak_fed(
            self._query.request(self._voice), self.caller, self._query.inactivity_timeout
        )
        context = ElevenLabsContext(self, name, fed, output, times)
        self._contexts[name] = context
        self.speak(fed, context)
        return context

    def forget(self, name: str | None) -> None:
        """It has ended."""
        del self._contexts[name]

    def close_when_done(self) -> None:
        self._closing = True
        for context in self._contexts.values():
            context.end()
        if not self._contexts:
            self.end(CLOSED)

    def answered(self, failure: TTSError | None) -> None:
        """A context's last message has been sent. One that failed while no other was there ends the
        socket: there are clients that hear of failures in no other way."""
        if self._contexts:
            return
        if failure is not None:
            self.end(CloseReason.of(failure))
        elif self._closing:
            self.end(CLOSED)


class StreamSocket(ElevenLabsSocket):
    """`/stream-input`: one text, which an empty piece ends, and the socket with it."""

    def heard(self, message: wire.Message) -> None:
        context = self._contexts.get(None) or self.open(None, message.speed)
        if message.text == "":  # with flush too
            self.close_when_done()
        else:
            context.feed(message.text or "", message.flush)

    async def refuse(self, error: TTSError, text: str | None) -> None:
        """The end, where text is lost by it or nothing else will be."""
        await self.client.send(wire.failure(error, None))
        if isinstance(error, TextError) or not self._contexts:
            self.end(CloseReason.of(error))

    def answered(self, failure: TTSError | None) -> None:
        self._closing = True
        super().answered(failure)


class MultiStreamSocket(ElevenLabsSocket):
    """`/multi-stream-input`: contexts by name."""

    def heard(self, message: wire.Message) -> None:
        if message.close_socket:
            self.close_when_done()
            return
        name = message.context_id or DEFAULT_CONTEXT
        context = self._contexts.get(name)
        if message.close_context:
            self._close(context, message.text)
        elif context is not None and not context.ended:
            context.feed(message.text or "", message.flush)
        elif message.text:
            if context is not None:
                raise invalid(
                    f"context_id {shown(name)} takes no more text; use another one, or wait until "
                    "it is final",
                    "context_id",
                )
            self.open(name, message.speed).feed(message.text, message.flush)

    def _close(self, context: ElevenLabsContext | None, text: str | None) -> None:
        """Clients say the same at the end of a turn and again to interrupt it: the first time it
        means that the text is whole, the second time that nobody listens."""
        if context is None:
            return  # too late is not an error
        if context.ended:
            context.cancel()
            return
        if text:
            context.feed(text, None)
        context.end()

    async def refuse(self, error: TTSError, text: str | None) -> None:
        await self.client.send(
            wire.failure(error, name_in(text, "context_id", wire.MAX_ID_CHARACTERS))
        )


class ElevenLabsContext:
    """What is said to one context, and what it says."""

    def __init__(
        self,
        socket: ElevenLabsSocket,
        name: str | None,
        fed: FedContext,
        output: AudioOutput,
        times: CharacterTimes,
    ) -> None:
        self._socket = socket
        self._name = name
        self._fed = fed
        self._output = output
        self._times = times

    @property
    def ended(self) -> bool:
        """No more text is taken."""
        return self._fed.ended

    def feed(self, text: str, flush: bool | None) -> None:
        self._fed.feed(text, bool(flush))
        self._times.feed(text)

    def end(self) -> None:
        self._fed.end()

    def cancel(self) -> None:
        self._fed.cancel()

    # For `ContextSocket`

    async def audio(self, chunk: AudioChunk) -> None:
        audio = await self._output.encode(chunk.pcm)
        await self._send(audio, self._times.of(self._fed.words()))

    async def done(self) -> None:
        if self._fed.outcome != Reason.CANCELLED:
            rest = self._times.of(self._fed.words(), last=True)
            await self._send(await self._output.encode_rest(), rest)
        self._socket.forget(self._name)
        await self._socket.client.send(wire.final_message(self._name))
        self._socket.answered(None)

    async def failed(self, error: TTSError) -> None:
        self._socket.forget(self._name)
        await self._socket.client.send(wire.failure(error, self._name))
        await self._socket.client.send(wire.final_message(self._name))
        self._socket.answered(error)

    async def _send(self, audio: bytes, alignment: dict[str, Any] | None) -> None:
        if audio or alignment is not None:
            await self._socket.client.send(wire.audio_message(audio, alignment, self._name))
