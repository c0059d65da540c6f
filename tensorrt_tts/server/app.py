"""The routes. No state of its own: everything is in `Service`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI, Response, WebSocket
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from tensorrt_tts.errors import InputError, TTSError
from tensorrt_tts.server.api_keys import ApiKeys
from tensorrt_tts.server.edge_description import describe_edges
from tensorrt_tts.server.key_gate import KeyGate, open_without_key
from tensorrt_tts.server.no_cache import NoCache
from tensorrt_tts.server.origin_gate import OriginGate
from tensorrt_tts.server.protocols.openai_speech import openai_routes
from tensorrt_tts.server.protocols.ws_tts import refuse_socket, serve_socket
from tensorrt_tts.server.refusals import Refusals, error_response, unknown_route
from tensorrt_tts.server.root_path import RootPath

if TYPE_CHECKING:
    from tensorrt_tts.server.service import Service

PAGE = Path(__file__).parent / "page"

SPEECH = "/ws/tts"
ROUTES = frozenset(
    (
        *(SPEECH, "/test/", "/v1/audio/speech", "/v1/audio/voices", "/v1/models"),
        *("/health/live", "/health/ready", "/metrics", "/openapi.json"),
    )
)
"""Whoever asks for anything else is told these."""


def create_app(service: Service) -> FastAPI:
    """The application around a service, under any ASGI server. Its lifespan is `Service.run`: a
    server that opens its port when the app has started, as all do, is ready from its first request.
    """
    app = FastAPI(
        title="tensorrt-tts",
        summary="Streaming speech",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": "."}],  # below whatever prefix the description was read from
        lifespan=lambda app: service.run(),
        redirect_slashes=False,  # to an absolute address, which a proxy makes wrong: see `Refusals`
        exception_handlers={HTTPException: Refusals(ROUTES)},
    )
    settings = service.settings
    # What is added last comes first.
    keys = ApiKeys(settings)
    app.add_middleware(KeyGate, service=service, keys=keys)
    app.add_middleware(OriginGate, allowed=settings.allowed_origins, metrics=service.metrics)
    app.add_middleware(NoCache)
    if prefix := settings.root_path:
        names = {route.split("/")[1] for route in ROUTES}
        app.add_middleware(RootPath, prefix=prefix, names=names)
    health = service.health

    @app.websocket(SPEECH)
    async def speak(socket: WebSocket) -> None:
        await serve_socket(socket, service)

    @app.get(SPEECH, include_in_schema=False)
    async def no_upgrade() -> Response:
        """A browser that is refused a socket does not say why; here the page can ask."""
        try:
            service.refuse_if_full()
        except TTSError as error:
            return error_response(error)
        missing = InputError(
            "header 'Upgrade: websocket' is missing; open a WebSocket here, and let a proxy in "
            "between pass the headers Upgrade and Connection on"
        )
        return error_response(missing, 426, {"Upgrade": "websocket"})

    @app.websocket("/{path:path}")
    async def unknown(socket: WebSocket) -> None:
        await refuse_socket(socket, service, unknown_route(socket.scope["path"], {SPEECH}))

    # Many probes send HEAD.
    @app.head("/health/live", include_in_schema=False)
    @app.get("/health/live")
    async def live(response: Response) -> dict[str, str]:
        """503 only when a restart would help."""
        response.status_code = 200 if health.live else 503
        return {"status": health.status}

    @app.head("/health/ready", include_in_schema=False)
    @app.get("/health/ready")
    async def ready(response: Response) -> dict[str, str]:
        """503 while no work should be sent here."""
        response.status_code = 200 if health.ready else 503
        return {"status": health.status}

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    app.include_router(openai_routes(service))
    describe_edges(app.openapi(), keys.needed, open_without_key(settings))
    app.mount("/test", StaticFiles(directory=PAGE, html=True), name="test page")
    return app
