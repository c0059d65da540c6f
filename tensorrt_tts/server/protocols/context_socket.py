"""A WebSocket on which several contexts speak at once, each in a task of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tensorrt_tts.errors import DrainingError, EngineDiedError, SlowReaderError, TTSError
from tensorrt_tts.server.protocols.listening_socket import CloseReason, ListeningSocket

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

    from tensorrt_tts.server.context import Context
    from tensorrt_tts.server.service import Service
    from tensorrt_tts.speech import AudioChunk


class Listener(Protocol):
    """Of one context: says by `ListeningSocket.client` what there is to say. The last call is one
    of `done` and `failed`."""

    async def audio(self, chunk: AudioChunk) -> None: ...

    async def done(self) -> None:
        """It ended by itself or was cancelled: `Context.outcome` says which."""
        ...

    async def failed(self, error: TTSError) -> None: ...


class ContextSocket(ListeningSocket):
    """For protocols whose messages name the context they are about: `speak` begins one. Several may
    send at once, whole messages each."""

    messages_at_once, messages_per_s = 1000, 200
    """Of pieces of text, such as the words of a language model as it writes them."""

    def __init__(self, socket: WebSocket, service: Service) -> None:
        super().__init__(socket, service)
        self._listeners: dict[Context, Listener] = {}

    def speak(self, context: Context, listener: Listener) -> None:
        """Returns at once. context: of `self.caller`, just made."""
        self._listeners[context] = listener
        self.start(lambda: self._speak(context, listener))

    def on_drain(self) -> None:
        if not self._listeners:
            self.end(CloseReason.of(DrainingError()))

    async def last_words(self, ended: CloseReason) -> None:
        """All hear of it here, also those that wait for a slot."""
        if isinstance(ended.error, EngineDiedError):
            for listener in self._listeners.values():
                await listener.failed(ended.error)

    async def _speak(self, context: Context, listener: Listener) -> None:
        """Raises what ends the whole socket."""
        failure = None
        try:
            async with context:
                async for chunk in context:
                    await listener.audio(chunk)
        except (SlowReaderError, EngineDiedError):
            raise
        except TTSError as error:
            failure = error
        del self._listeners[context]
        self.stay_open()
        await (listener.done() if failure is None else listener.failed(failure))
        if self.service.health.draining:
            self.on_drain()
