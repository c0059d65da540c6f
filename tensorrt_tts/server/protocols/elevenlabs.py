"""ElevenLabs' speech API: `/v1/text-to-speech/{voice}`, over HTTP and WebSockets, and the list of
voices."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from tensorrt_tts.server.protocols import elevenlabs_wire as wire
from tensorrt_tts.server.protocols.elevenlabs_socket import (
    ElevenLabsSocket,
    MultiStreamSocket,
    StreamSocket,
)
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
from tensorrt_tts.server.refusals import elevenlabs_refusal

if TYPE_CHECKING:
    from tensorrt_tts.errors import TTSError
    from tensorrt_tts.server.service import Service

PATH = "/v1/text-to-speech/{voice}"


class ElevenLabsApi:
    """What the routes know. Raises SettingError for a voice that the model does not have."""

    def __init__(self, service: Service) -> None:
        self.service = service
        own = [voice.name for voice in service.synthesizer.voices]
        self.voices = ForeignVoices(own, service.settings.voice_names, wire.VOICE_IDS)

    def voice(self, asked: str) -> str:
        """The model's own name. Raises InputError with status 404."""
        return self.voices.find(asked, "voice_id", 404)


class ElevenLabsAnswer(SpeechAnswer):
    """To `POST /v1/text-to-speech/{voice}` and its `/stream`, which are the same."""

    def __init__(self, api: ElevenLabsApi, voice: str, request: Request) -> None:
        asked_as, limit = (
            request.headers.get("Content-Type", ""),
            api.service.settings.message_bytes,
        )
        super().__init__(api.service, asked_as, wire.request_id(), 2 * limit)
        self._api = api
        self._voice = voice
        self._given = request.query_params

    def asked(self, content: bytes) -> AskedSpeech:
        voice = self._api.voice(self._voice)
        query = checked_query(self._given, wire.SpeechQuery)
        body = checked_object(content, wire.SpeechBody, '{"text": "Hello."}')
        source = self._service.synthesizer.audio
        return AskedSpeech(
            body.request(voice),
            wire.output(query.output_format, source, body.speed),
            RawFraming(),
            {"request-id": self.name},
        )

    def refusal(self, error: TTSError, headers: Mapping[str, str]) -> Response:
        return elevenlabs_refusal(error, headers=headers, name=self.name)


def elevenlabs_routes(service: Service) -> APIRouter:
    """Raises as `ElevenLabsApi`."""
    api, router = ElevenLabsApi(service), APIRouter()

    described: dict[str, Any] = {
        "response_class": Response,
        "responses": speech_responses(wire.TYPES, wire.ERROR),
        "openapi_extra": {
            "requestBody": json_body(wire.SpeechBody),
            "parameters": query_parameters(wire.SpeechQuery),
        },
    }

    @router.post(PATH, **described)
    @router.post(PATH + "/stream", **described)
    async def speak(voice: str, request: Request) -> Response:
        """Speak a text as ElevenLabs' API does."""
        return ElevenLabsAnswer(api, voice, request)

    @router.get("/v1/voices")
    async def voices() -> dict[str, Any]:
        """The model's voices, as ElevenLabs lists them."""
        return wire.voices_message(service.synthesizer.voices)

    for name, kind in (("stream-input", StreamSocket), ("multi-stream-input", MultiStreamSocket)):
        socket = socket_route(f"{PATH}/{name}", service, partial(_open_socket, kind, api))
        router.routes.extend(socket.routes)
    return router


def _open_socket(
    kind: type[ElevenLabsSocket], api: ElevenLabsApi, socket: WebSocket, service: Service
) -> ElevenLabsSocket:
    """Raises InputError, which refuses the handshake."""
    return kind(socket, service, api.voice(socket.path_params["voice"]))
