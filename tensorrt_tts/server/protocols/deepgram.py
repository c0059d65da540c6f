"""Deepgram's speech API: `POST /v1/speak`, and the WebSocket at the same path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from tensorrt_tts.server.protocols import deepgram_wire as wire
from tensorrt_tts.server.protocols.deepgram_socket import DeepgramSocket
from tensorrt_tts.server.protocols.fields import checked_object, checked_query
from tensorrt_tts.server.protocols.foreign_voices import ForeignVoices
from tensorrt_tts.server.protocols.http_speech import RawFraming
from tensorrt_tts.server.protocols.listening_socket import socket_route
from tensorrt_tts.server.protocols.route_description import (
    json_body,
    query_parameters,
    speech_responses,
)
from tensorrt_tts.server.protocols.speech_answer import AskedSpeech, SpeechAnswer
from tensorrt_tts.server.refusals import deepgram_refusal
from tensorrt_tts.speech import SpeechRequest

if TYPE_CHECKING:
    from tensorrt_tts.errors import TTSError
    from tensorrt_tts.server.service import Service

PATH = "/v1/speak"


class DeepgramApi:
    """What the routes know. Raises SettingError for a voice that the model does not have."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.model = Path(service.synthesizer.model.name).name  # not where it lies on this machine
        own = [voice.name for voice in service.synthesizer.voices]
        self.voices = ForeignVoices(own, service.settings.voice_names, wire.MODELS)


class DeepgramAnswer(SpeechAnswer):
    """To `POST /v1/speak`."""

    def __init__(self, api: DeepgramApi, request: Request) -> None:
        asked_as, limit = (
            request.headers.get("Content-Type", ""),
            api.service.settings.message_bytes,
        )
        super().__init__(api.service, asked_as, wire.request_id(), limit)
        self._api = api
        self._given = request.query_params

    def asked(self, content: bytes) -> AskedSpeech:
        query = checked_query(self._given, wire.SpeakQuery)
        voice = query.voice(self._api.voices)
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

    def refusal(self, error: TTSError, headers: Mapping[str, str]) -> Response:
        return deepgram_refusal(error, headers=headers, name=self.name)


def deepgram_routes(service: Service) -> APIRouter:
    """Raises as `DeepgramApi`."""
    api, router = DeepgramApi(service), APIRouter()

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
        return DeepgramAnswer(api, request)

    def opened(socket: WebSocket, service: Service) -> DeepgramSocket:
        return DeepgramSocket(socket, service, api.voices, api.model)

    router.routes.extend(socket_route(PATH, service, opened).routes)
    return router
