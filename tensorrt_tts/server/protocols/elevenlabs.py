"""ElevenLabs' speech API: `/v1/text-to-speech/{voice}`, over HTTP and WebSockets, and the list of
voices."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import HTTPConnection, Request
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
from tensorrt_tts.server.refusals import ELEVENLABS

if TYPE_CHECKING:
    from tensorrt_tts.server.service import Service

PATH = "/v1/text-to-speech/{voice}"


def asked_voice(connection: HTTPConnection, voices: ForeignVoices) -> str:
    """Of a request's path, by the model's own name. Raises InputError with status 404."""
    return voices.find(connection.path_params["voice"], "voice_id", 404)


class ElevenLabsAnswer(SpeechAnswer):
    """To a POST. timed: how audio and the times of characters stand in it; None for audio alone."""

    refusal = ELEVENLABS

    def __init__(
        self,
        service: Service,
        voices: ForeignVoices,
        request: Request,
        timed: type[TimedFraming] | None = None,
    ) -> None:
        super().__init__(service, request, wire.request_id(), 2 * service.settings.message_bytes)
        self._voices = voices
        self._timed = timed

    def asked(self, content: bytes) -> AskedSpeech:
        voice = asked_voice(self._request, self._voices)
        query = checked(self._request.query_params, wire.SpeechQuery)
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


def elevenlabs_routes(service: Service) -> APIRouter:
    """Raises SettingError for a voice that the model does not have."""
    own = [voice.name for voice in service.synthesizer.voices]
    foreign = ForeignVoices(own, service.settings.voice_names, wire.VOICE_IDS)
    router = APIRouter()

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
        return ElevenLabsAnswer(service, foreign, request)

    def timed_route(path: str, timed: type[TimedFraming]) -> None:
        @router.post(path, **described(timed_responses(timed)))
        async def speak_timed(voice: str, request: Request) -> Response:
            """The same, with the times of its characters."""
            return ElevenLabsAnswer(service, foreign, request, timed)

    timed_route(PATH + "/with-timestamps", ObjectFraming)
    timed_route(PATH + "/stream/with-timestamps", LinesFraming)

    @router.get("/v1/voices")
    async def voices() -> dict[str, Any]:
        """The model's voices, as ElevenLabs lists them."""
        return wire.voices_message(service.synthesizer.voices)

    for name, kind in (("stream-input", StreamSocket), ("multi-stream-input", MultiStreamSocket)):
        socket = socket_route(f"{PATH}/{name}", service, partial(_open_socket, kind, foreign))
        router.routes.extend(socket.routes)
    return router


def timed_responses(timed: type[TimedFraming]) -> dict[int | str, dict[str, Any]]:
    responses = speech_responses([timed.content_type], wire.ERROR)
    responses[200]["content"][timed.content_type]["schema"] = TIMED_AUDIO
    return responses


def _open_socket(
    kind: type[ElevenLabsSocket], voices: ForeignVoices, socket: WebSocket, service: Service
) -> ElevenLabsSocket:
    """Raises InputError, which refuses the handshake."""
    return kind(socket, service, asked_voice(socket, voices))
