"""`/ws/tts`: one socket, any number of requests on it, spoken in the order they came."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tensorrt_tts.errors import DrainingError, EngineDiedError, SlowReaderError, TTSError
from tensorrt_tts.server.protocols.fields import name_in
from tensorrt_tts.server.protocols.listening_socket import (
    CloseReason,
    ListeningSocket,
    socket_route,
)
from tensorrt_tts.server.protocols.wire import (
    CancelMessage,
    SentAudio,
    SpeakMessage,
    audio_headers,
    audio_message,
    done_message,
    error_message,
    parse,
    words_message,
)

if TYPE_CHECKING:
    import numpy as np
    from fastapi import APIRouter
    from starlette.websockets import WebSocket

    from tensorrt_tts.server.context import Context
    from tensorrt_tts.server.service import Service

PATH = "/ws/tts"


class SpeechSocket(ListeningSocket):
    """One open socket: what is asked for there, and by which messages."""

    def __init__(self, socket: WebSocket, service: Service) -> None:
        super().__init__(socket, service)
        self.headers = audio_headers(service.synthesizer.codec.context)
        self._news = asyncio.Event()
        self._messages: dict[Context, SpeakMessage] = {}  # what each of its contexts was asked by

    async def run(self) -> None:
        self.start(self._speak)
        await super().run()

    def on_drain(self) -> None:
        self._news.set()  # the speaking part looks at the health

    async def take(self, text: str) -> None:
        message = parse(text)
        if isinstance(message, CancelMessage):
            self._cancel(message)
            return
        self._messages[self.service.speak(message.request(), self.caller)] = message
        self._news.set()

    async def refuse(self, error: TTSError, text: str | None) -> None:
        await self.client.send(error_message(error, name_in(text, "id")))

    def _cancel(self, message: CancelMessage) -> None:
        """Too late is not an error: the request may just have finished."""
        for context in self.caller.contexts:
            if message.cancel is True or message.cancel == self._messages[context].id:
                context.cancel()

    async def _speak(self) -> CloseReason:
        while True:
            while self.caller.contexts:
                await self._answer(self.caller.contexts[0])
            if self.service.health.draining:
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
            sent = SentAudio(message.sample_rate or self.service.synthesizer.sample_rate)
            async with context:
                output = self.service.synthesizer.audio.at(sent.sample_rate)
                async for chunk in context:
                    if not context.chunks and message.sample_rate is not None:
                        await self.client.send(audio_message(output, message.id))
                    await self._send_audio(await output.run(output.push, chunk.pcm), sent)
                    context.keep(output.kept)
                    await self._send_words(context, message)
                await self._send_audio(await output.run(output.finish), sent)
                context.keep(0)
            await self._send_words(context, message)
            answer = done_message(
                context,
                sent,
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
        self.stay_open()
        await self.client.send(answer)
        if isinstance(failure, EngineDiedError):
            raise failure

    async def _send_audio(self, pcm: np.ndarray, sent: SentAudio) -> None:
        if len(pcm):
            await self.client.send_audio(pcm)
            sent.samples += len(pcm)
            sent.chunks += 1

    async def _send_words(self, context: Context, message: SpeakMessage) -> None:
        if message.return_words and (words := context.words()):
            await self.client.send(words_message(words, message.id))


def ws_tts_routes(service: Service) -> APIRouter:
    return socket_route(PATH, service, SpeechSocket)
