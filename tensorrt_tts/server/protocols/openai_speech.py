"""OpenAI's speech API: `POST /v1/audio/speech`, and what its clients ask before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tensorrt_tts.audio.audio_output import AudioOutput
from tensorrt_tts.errors import TTSError
from tensorrt_tts.identifiers import find_name
from tensorrt_tts.server.protocols import openai_wire as wire
from tensorrt_tts.server.protocols.fields import invalid
from tensorrt_tts.server.protocols.http_speech import RawFraming
from tensorrt_tts.server.protocols.openai_description import SPEECH_BODY, SPEECH_RESPONSES
from tensorrt_tts.server.protocols.openai_names import VoiceNames
from tensorrt_tts.server.protocols.speech_answer import AskedSpeech, SpeechAnswer
from tensorrt_tts.server.refusals import OPENAI
from tensorrt_tts.validation import shown

if TYPE_CHECKING:
    from tensorrt_tts.server.context import Context
    from tensorrt_tts.server.service import Service

MAX_BODY_BYTES = 128 * 1024
"""Both texts at their limits, every character written as two escapes, and the other fields."""


class EventFraming:
    """`stream_format: sse`."""

    def __init__(self, return_normalized: bool) -> None:
        self._return_normalized = return_normalized

    def headers(self, context: Context) -> Mapping[str, str]:
        return {}

    def audio(self, content: bytes) -> bytes:
        return wire.audio_event(content)

    def end(self, context: Context) -> bytes:
        assert context.report is not None
        said = context.report.normalized if self._return_normalized else None
        return wire.done_event(context.report, str(context.outcome), said)

    def failure(self, error: TTSError) -> bytes:
        return wire.error_event(error)


class SpeechApi:
    """What the routes know. Raises SettingError for a voice that the model does not have."""

    def __init__(self, service: Service) -> None:
        given = service.settings.model
        self.service = service
        own_names = (service.model_name, Path(given).name if Path(given).is_dir() else given)
        self.models = tuple(dict.fromkeys((*own_names, *service.settings.openai_models)))
        own = [voice.name for voice in service.synthesizer.voices]
        self.voices = VoiceNames(own, service.settings.openai_voices)
        self.created = int(time.time())

    def check_model(self, asked: str) -> None:
        """Raises InputError with status 404."""
        if find_name(asked, self.models) is None:
            raise invalid(
                f"model {shown(asked)} is not served here; use one of: {', '.join(self.models)}",
                "model",
                "model_not_found",
                404,
            )

    def about(self, name: str) -> dict[str, Any]:
        return {
            "id": name,
            "object": "model",
            "created": self.created,
            "owned_by": "tensorrt-tts",
        }


class OpenAIAnswer(SpeechAnswer):
    """To `POST /v1/audio/speech`."""

    refusal = OPENAI

    def __init__(self, api: SpeechApi, request: Request) -> None:
        super().__init__(api.service, request, wire.request_id(), MAX_BODY_BYTES)
        self._api = api

    def asked(self, content: bytes) -> AskedSpeech:
        body = wire.parse(content)
        self._api.check_model(body.model)
        source = self._api.service.synthesizer.audio
        rate = body.rate(source.sample_rate)
        events = body.stream_format == "sse"
        kind = EventFraming if events else RawFraming
        return AskedSpeech(
            output=AudioOutput(body.encoding, source, rate, body.speed or 1.0),
            request=body.request(self._api.voices),
            framing=kind(bool(body.return_normalized)),
            headers={"X-Request-Id": self.name},
            content_type="text/event-stream" if events else None,
        )


def openai_routes(service: Service) -> APIRouter:
    """Raises as `SpeechApi`."""
    api, router = SpeechApi(service), APIRouter()

    @router.post(
        "/v1/audio/speech",
        response_class=Response,
        responses=SPEECH_RESPONSES,
        openapi_extra={"requestBody": SPEECH_BODY},
    )
    async def speech(request: Request) -> Response:
        """Speak a text; the audio comes while it is being made."""
        return OpenAIAnswer(api, request)

    @router.get("/v1/models")
    async def models() -> dict[str, Any]:
        """The one model, under each of its names."""
        return {"object": "list", "data": [api.about(name) for name in api.models]}

    @router.get("/v1/models/{name:path}", include_in_schema=False)
    async def model(name: str) -> Any:
        try:
            api.check_model(name)
        except TTSError as error:
            return OPENAI(error)
        return api.about(name)

    @router.get("/v1/audio/voices")
    async def voices() -> dict[str, Any]:
        """What may be asked for: the test page fills its list from this."""
        synthesizer = service.synthesizer
        return {
            "model": service.model_name,
            "sample_rate": synthesizer.sample_rate,
            "max_characters": service.settings.max_characters,
            "voices": [
                {"name": voice.name, "language": voice.language}
                | ({"friendly_name": voice.friendly_name} if voice.friendly_name else {})
                for voice in synthesizer.voices
            ],
            "openai_voices": api.voices.openai,
            "formats": list(wire.FORMATS),
        }

    return router
