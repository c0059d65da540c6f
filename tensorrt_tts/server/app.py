"""The routes. No state of its own: everything is in `Service`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Response, WebSocket
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST

from tensorrt_tts.server.ws_tts import serve_socket

if TYPE_CHECKING:
    from tensorrt_tts.server.service import Service

PAGE = Path(__file__).parent / "page"


def create_app(service: Service) -> FastAPI:
    """The application around a service that is warm: health says ready from the first request."""
    app = FastAPI(title="tensorrt-tts", summary="Streaming speech", docs_url=None, redoc_url=None)
    health = service.health

    @app.websocket("/ws/tts")
    async def speak(socket: WebSocket) -> None:
        await serve_socket(socket, service)

    @app.get("/health/live")
    async def live(response: Response) -> dict[str, str]:
        """503 only when a restart would help."""
        response.status_code = 200 if health.live else 503
        return {"status": health.word}

    @app.get("/health/ready")
    async def ready(response: Response) -> dict[str, str]:
        """503 while no work should be sent here."""
        response.status_code = 200 if health.ready else 503
        return {"status": health.word}

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/v1/audio/voices")
    async def voices() -> dict[str, Any]:
        """What may be asked for: the test page fills its list from this."""
        synthesizer = service.synthesizer
        return {
            "model": Path(synthesizer.model.name).name,  # not where it lies on this machine
            "sample_rate": synthesizer.sample_rate,
            "max_characters": service.settings.max_characters,
            "voices": [
                {"name": voice.name, "language": voice.language} for voice in synthesizer.voices
            ],
        }

    app.mount("/test", StaticFiles(directory=PAGE, html=True), name="test page")
    return app
