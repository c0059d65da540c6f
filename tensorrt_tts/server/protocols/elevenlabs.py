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
from tensorrt_tts.server.protocols.elevenlabs_timestamps import (
    TIMED_AUDIO,
    LinesFraming,
    ObjectFraming,
    TimedFraming,
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
    """To a POST. timed: how audio and the times of characters stand in it; None for audio alone."""

    def __init__(
        self,
        api: ElevenLabsApi,
        voice: str,
        request: Request,
        timed: type[TimedFraming] | None = None,
    ) -> None:
        asked_as, limit = (
            request.headers.get("Content-Type", ""),
            api.service.settings.message_bytes,
        )
        super().__init__(api.service, asked_as, wire.request_id(), 2 * limit)
        self._api = api
        self._voice = voice
        self._given = request.query_params
        self._timed = timed

    def asked(self, content: bytes) -> AskedSpeech:
        voice = self._api.voice(self._voice)
        query = checked_query(self._given, wire.SpeechQuery)
        body = checked_object(content, wire.SpeechBody, '{"text": "Hello."}')
        source = self._service.synthesizer.audio
        timed = self._timed
        return AskedSpeech(
            body.request(voice, words=timed is not None),
            wire.output(query.output_format, source, body.speed),
            RawFraming() if timed is None else timed(body.text, body.speed or 1.0),
            {"request-id": self.name},
            None if timed is None else timed.content_type,
        )

    def refusal(self, error: TTSError, headers: Mapping[str, str]) -> Response:
        return elevenlabs_refusal(error, headers=headers, name=self.name)


def elevenlabs_routes(service: Service) -> APIRouter:
    """Raises as `ElevenLabsApi`."""
    api, router = ElevenLabsApi(service), APIRouter()

    def described(responses: dict[int | str, dict[str, Any]]) -> dict[str, Any]:
        body, query = json_body(wire.SpeechBody), query_parameters(wire.SpeechQuery)
        return {
            "response_class": Response,
            "responses": responses,
            "openapi_extra": {"requestBody": body, "parameters": query},
        }

    plain = described(speech_responses(wire.TYPES, wire.ERROR))

    @router.post(PATH, **plain)
    @router.post(PATH + "/stream", **plain)
    async def speak(voice: str, request: Request) -> Response:
        """Speak a text as ElevenLabs' API does."""
        return ElevenLabsAnswer(api, voice, request)

    def timed_route(path: str, timed: type[TimedFraming]) -> None:
        @router.post(path, **described(timed_responses(timed)))
        async def speak_timed(voice: str, request: Request) -> Response:
            """The same, with the times of its characters."""
            return ElevenLabsAnswer(api, voice, request, timed)

    timed_route(PATH + "/with-timestamps", ObjectFraming)
    timed_route(PATH + "/stream/with-timestamps", LinesFraming)

    @router.get("/v1/voices")
    async def voices() -> dict[str, Any]:
        """The model's voices, as ElevenLabs lists them."""
        return wire.voices_message(service.synthesizer.voices)

    for name, kind in (("stream-input", StreamSocket), ("multi-stream-input", MultiStreamSocket)):
        socket = socket_route(f"{PATH}/{name}", service, partial(_open_socket, kind, api))
        router.routes.extend(socket.routes)
    return router


def timed_responses(timed: type[TimedFraming]) -> dict[int | str, dict[str, Any]]:
    responses = speech_responses([timed.content_type], wire.ERROR)
    responses[200]["content"][timed.content_type]["schema"] = TIMED_AUDIO
    return responses


def _open_socket(
    kind: type[ElevenLabsSocket], api: ElevenLabsApi, socket: WebSocket, service: Service
) -> ElevenLabsSocket:
    """Raises InputError, which refuses the handshake."""
    return kind(socket, service, api.voice(socket.path_params["voice"]))
