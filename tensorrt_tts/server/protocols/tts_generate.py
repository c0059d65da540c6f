"""`POST /v1/tts/generate`, as services of Spark-TTS fine-tunes have had it: one JSON object in, and
either a whole file with all there is to say of it in its headers, or audio while it is made."""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tensorrt_tts import __version__
from tensorrt_tts.audio.audio_output import AudioOutput
from tensorrt_tts.audio.encode import ENCODINGS
from tensorrt_tts.server.protocols import tts_generate_wire as wire
from tensorrt_tts.server.protocols.fields import checked_object, invalid
from tensorrt_tts.server.protocols.http_speech import RawFraming, WholeFraming
from tensorrt_tts.server.protocols.route_description import (
    METRICS,
    UNHEALTHY,
    json_body,
    speech_responses,
)
from tensorrt_tts.server.protocols.speech_answer import AskedSpeech, SpeechAnswer
from tensorrt_tts.server.refusals import GENERATE

if TYPE_CHECKING:
    from tensorrt_tts.server.context import Context
    from tensorrt_tts.server.service import Service

PATH = "/v1/tts/generate"
HEALTH_PATH = "/v1/tts/health"
METRICS_PATH = "/v1/tts/metrics"


def first_headers(context: Context) -> dict[str, str]:
    """What is known when the first audio is."""
    report = context.report
    first = None if report is None else report.first_audio_s
    return {
        **({} if first is None else {"X-TTFB-ms": f"{1000 * (context.queue_s + first):.1f}"}),
        "X-Text-Chunked": _flag(context.parts > 1),
    }


class StreamedAnswer(RawFraming):
    """Audio while it is made."""

    def headers(self, context: Context) -> Mapping[str, str]:
        return {**super().headers(context), **first_headers(context)}


class WholeAnswer(WholeFraming):
    """wav_rate: of PCM that a header is to be put in front of, which holds its length; None for
    what is whole as it comes."""

    def __init__(self, return_normalized: bool, wav_rate: int | None) -> None:
        super().__init__(return_normalized)
        self._wav_rate = wav_rate
        self._bytes = 0

    def body(self, audio: bytes) -> bytes:
        whole = audio if self._wav_rate is None else _wav_file(audio, self._wav_rate)
        self._bytes = len(whole)
        return whole

    def headers(self, context: Context) -> Mapping[str, str]:
        report = context.report
        factor = None if report is None else report.real_time_factor
        return {
            **super().headers(context),
            **first_headers(context),
            **({} if factor is None else {"X-RTF": f"{factor:.3f}"}),
            "X-Audio-Seconds": f"{context.sent_s:.3f}",
            "X-Audio-Bytes": str(self._bytes),
        }


class GenerateAnswer(SpeechAnswer):
    """To `POST /v1/tts/generate`."""

    refusal = GENERATE

    def __init__(self, service: Service, request: Request) -> None:
        super().__init__(service, request, wire.request_id(), service.settings.message_bytes)

    def asked(self, content: bytes) -> AskedSpeech:
        service = self._service
        body = checked_object(
            content, wire.GenerateBody, '{"text": "Hello.", "speaker": "tara", "format": "wav"}'
        )
        most = service.settings.max_characters
        if len(body.text) > most:
            raise invalid(
                f"text has {len(body.text)} characters, the limit is {most}; send it in parts",
                "text",
                "text_too_long",
            )
        source = service.synthesizer.audio
        rate = body.rate(source.sample_rate)
        whole_wav = body.format == "wav" and not body.stream
        output = AudioOutput(ENCODINGS["pcm" if whole_wav else body.format], source, rate)
        return AskedSpeech(
            request=body.request(),
            output=output,
            framing=(
                StreamedAnswer(body.normalize_verbose)
                if body.stream
                else WholeAnswer(body.normalize_verbose, rate if whole_wav else None)
            ),
            headers={
                "X-Request-ID": self.name,
                "X-Model-Version": service.model_name,
                "X-App-Version": __version__,
                "X-Format": body.format,
                "X-Sample-Rate": str(rate),
                "X-Stream": _flag(body.stream),
                "X-Chunking-Enabled": _flag(body.chunking),
            },
            content_type=ENCODINGS[body.format].content_type,
        )


def tts_generate_routes(service: Service) -> APIRouter:
    router = APIRouter()

    @router.post(
        PATH,
        response_class=Response,
        responses=speech_responses(
            [ENCODINGS[name].content_type for name in wire.FORMATS],
            wire.ERROR,
            {404: "The speaker is unknown"},
        ),
        openapi_extra={"requestBody": json_body(wire.GenerateBody)},
    )
    async def generate(request: Request) -> Response:
        """Speak a text, as a whole or while it is being made (`stream`)."""
        return GenerateAnswer(service, request)

    @router.head(HEALTH_PATH, include_in_schema=False)
    @router.get(HEALTH_PATH, responses=UNHEALTHY)
    async def health() -> Response:
        """As `/health/ready`: 503 while no work should be sent here."""
        told = {
            "status": service.health.status,
            "model_version": service.model_name,
            "app_version": __version__,
        }
        return JSONResponse(told, 200 if service.health.ready else 503)

    @router.get(METRICS_PATH, response_class=Response, responses=METRICS)
    async def metrics() -> Response:
        """As `/metrics`."""
        return service.metrics.answer()

    return router


def _flag(value: bool) -> str:
    return str(value).lower()


def _wav_file(pcm: bytes, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(pcm)
    return file.getvalue()
