"""Cartesia's speech API: `/tts/websocket`, `POST /tts/bytes` and `POST /tts/sse`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tensorrt_tts.server.protocols import cartesia_wire as wire
from tensorrt_tts.server.protocols.cartesia_socket import CartesiaSocket
from tensorrt_tts.server.protocols.fields import checked_object
from tensorrt_tts.server.protocols.foreign_voices import ForeignVoices
from tensorrt_tts.server.protocols.http_speech import RawFraming
from tensorrt_tts.server.protocols.listening_socket import socket_route
from tensorrt_tts.server.protocols.route_description import EVENTS, json_body, speech_responses
from tensorrt_tts.server.protocols.speech_answer import AskedSpeech, SpeechAnswer
from tensorrt_tts.server.refusals import CARTESIA

if TYPE_CHECKING:
    from tensorrt_tts.errors import TTSError
    from tensorrt_tts.server.context import Context
    from tensorrt_tts.server.service import Service


class EventFraming:
    """`/tts/sse`."""

    def __init__(self, body: wire.SseBody, name: str) -> None:
        """name: of the request."""
        self._body = body
        self._name = name
        self._context: Context | None = None
        self._sent_at = time.perf_counter()

    def headers(self, context: Context) -> Mapping[str, str]:
        self._context = context
        return {}

    def audio(self, content: bytes) -> bytes:
        now = time.perf_counter()
        step_s, self._sent_at = now - self._sent_at, now
        message = wire.chunk_message(content, 1000 * step_s, self._body.context_id)
        return wire.event(message) + self._words()

    def end(self, context: Context) -> bytes:
        return self._words() + wire.event(wire.done_message(self._body.context_id))

    def failure(self, error: TTSError) -> bytes:
        context = self._body.context_id
        told = wire.error_message(error, context, self._name), wire.done_message(context)
        return b"".join(map(wire.event, told))

    def _words(self) -> bytes:
        body = self._body
        words = self._context.words() if self._context and body.add_timestamps else []
        if not words:
            return b""
        return wire.event(wire.timestamps_message(words, body.speed, body.context_id))


class CartesiaAnswer(SpeechAnswer):
    """To a POST."""

    refusal = CARTESIA

    def __init__(self, service: Service, voices: ForeignVoices, request: Request) -> None:
        super().__init__(service, request, wire.request_id(), 2 * service.settings.message_bytes)
        self._voices = voices

    @property
    def _named(self) -> dict[str, str]:
        return {"X-Request-Id": self.name}


class BytesAnswer(CartesiaAnswer):
    def asked(self, content: bytes) -> AskedSpeech:
        body = checked_object(content, wire.BytesBody, wire.EXAMPLE)
        source = self._service.synthesizer.audio
        return AskedSpeech(
            body.request(self._voices, body.transcript),
            body.output_format.output(source, body.speed),
            RawFraming(),
            self._named,
        )


class SseAnswer(CartesiaAnswer):
    def asked(self, content: bytes) -> AskedSpeech:
        body = checked_object(content, wire.SseBody, wire.EXAMPLE)
        source = self._service.synthesizer.audio
        return AskedSpeech(
            body.request(self._voices, body.transcript),
            body.output_format.output(source, body.speed),
            EventFraming(body, self.name),
            self._named,
            EVENTS,
        )


def cartesia_routes(service: Service) -> APIRouter:
    """Raises SettingError for a voice that the model does not have."""
    own = [voice.name for voice in service.synthesizer.voices]
    voices = ForeignVoices(own, service.settings.voice_names, wire.VOICE_IDS)
    router = socket_route(
        "/tts/websocket", service, lambda socket, service: CartesiaSocket(socket, service, voices)
    )

    @router.post(
        "/tts/bytes",
        response_class=Response,
        responses=speech_responses(wire.CONTENT_TYPES, wire.ERROR),
        openapi_extra={"requestBody": json_body(wire.BytesBody)},
    )
    async def speak(request: Request) -> Response:
        """Speak a text as Cartesia's API does."""
        return BytesAnswer(service, voices, request)

    @router.post(
        "/tts/sse",
        response_class=Response,
        responses=speech_responses([EVENTS], wire.ERROR),
        openapi_extra={"requestBody": json_body(wire.SseBody)},
    )
    async def speak_in_events(request: Request) -> Response:
        """The same with its words' times."""
        return SseAnswer(service, voices, request)

    return router
