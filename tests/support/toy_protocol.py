"""A protocol of its own, as small as one can be, with several contexts on a socket. It stands in no
table but the one it is given to."""

from __future__ import annotations

import orjson
from fastapi import APIRouter

from tensorrt_tts.errors import InputError, TTSError
from tensorrt_tts.server.fed_context import FedContext
from tensorrt_tts.server.protocols.context_socket import ContextSocket
from tensorrt_tts.server.protocols.listening_socket import socket_route
from tensorrt_tts.server.service import Service
from tensorrt_tts.speech import AudioChunk, SpeechRequest

PATH = "/toy"


class ToyListener:
    def __init__(self, socket: ToySocket, name: str) -> None:
        self._socket, self._name = socket, name

    async def audio(self, chunk: AudioChunk) -> None:
        await self._say(samples=len(chunk.pcm), audio=chunk.pcm.tobytes().hex())

    async def done(self) -> None:
        context = self._socket.contexts.pop(self._name)
        await self._say(done=context.outcome)

    async def failed(self, error: TTSError) -> None:
        self._socket.contexts.pop(self._name, None)
        await self._say(error=error.code)

    async def _say(self, **message: object) -> None:
        await self._socket.client.send({"name": self._name, **message})


class ToySocket(ContextSocket):
    """`{"name", "say", "more"}` speaks or speaks on; `{"name", "stop": true}`."""

    def __init__(self, socket, service: Service) -> None:
        super().__init__(socket, service)
        self.contexts: dict[str, FedContext] = {}
        if "wrong" in socket.query_params:
            raise InputError("query parameter 'wrong' is wrong")

    async def take(self, text: str) -> None:
        message = orjson.loads(text)
        if not isinstance(message, dict):
            raise InputError("send an object")
        name = message["name"]
        if message.get("stop"):
            if name in self.contexts:
                self.contexts[name].cancel()
            return
        context = self.contexts.get(name)
        if context is None:
            context = self.service.speak_fed(
                SpeechRequest("", seed=message.get("seed")), self.caller
            )
            self.contexts[name] = context
            self.speak(context, ToyListener(self, name))
        context.feed(message["say"], flush=True)
        if not message.get("more"):
            context.end()

    async def refuse(self, error: TTSError, text: str | None) -> None:
        await self.client.send({"error": error.code})


def toy_routes(service: Service) -> APIRouter:
    return socket_route(PATH, service, ToySocket)
