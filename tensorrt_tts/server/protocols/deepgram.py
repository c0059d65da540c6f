"""Deepgram's speech API: `POST /v1/speak`, and the WebSocket at the same path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from tensorrt_tts.server.protocols import deepgram_wire as wire
from tensorrt_tts.server.protocols.deepgram_socket import DeepgramSocket
from tensorrt_tts.server.protocols.fields import checked, checked_object
from tensorrt_tts.server.protocols.foreign_voices import ForeignVoices
from tensorrt_tts.server.protocols.http_speech import RawFraming
from tensorrt_tts.server.protocols.listening_socket import socket_route
from tensorrt_tts.server.protocols.route_description import (
    json_body,
    query_parameters,
    speech_responses,
)
from tensorrt_tts.server.protocols.speech_answer import AskedSpeech, SpeechAnswer
from tensorrt_tts.server.refusals import DEEPGRAM
from tensorrt_tts.speech import SpeechRequest

if TYPE_CHECKING:
    from tensorrt_tts.server.service import Service

PATH = "/v1/speak"


class DeepgramAnswer(SpeechAnswer):
    """To `POST /v1/speak`."""

    refusal = DEEPGRAM

    def __init__(self, service: Service, voices: ForeignVoices, request: Request) -> None:
        super().__init__(service, request, wire.request_id(), service.settings.message_bytes)
        self._voices = voices

    def asked(self, content: bytes) -> AskedSpeech:
        query = checked(self._request.query_params, wire.SpeakQuery)
        voice = query.voice(self._voices)
        output = query.output(self._service.synthesizer.audio)
        body = checked_object(content, wire.SpeakBody, '{"text": "Hello."}')
        headers = {
            "dg-request-id": self.name,
            "dg-model-name": voice,
            "dg-char-count": str(len(body.text)),
        }
        return AskedSpeech(
            SpeechRequest(body.text, voice, words=False), output, RawFraming(), headers
        )


def deepgram_routes(service: Service) -> APIRouter:
    """Raises SettingError for a voice that the model does not have."""
    own = [voice.name for voice in service.synthesizer.voices]
    voices = ForeignVoices(own, service.settings.voice_names, wire.MODELS)

    def opened(socket: WebSocket, service: Service) -> DeepgramSocket:
        return DeepgramSocket(socket, service, voices)

    router = socket_route(PATH, service, opened)

    @router.post(
        PATH,
        response_class=Response,
        responses=speech_responses(wire.TYPES, wire.ERROR),
        openapi_extra={
            "requestBody": json_body(wire.SpeakBody),
            "parameters": query_parameters(wire.SpeakQuery),
        },
    )
    async def speak(request: Request) -> Response:
        """Speak a text as Deepgram's API does."""
        return DeepgramAnswer(service, voices, request)

    return router
