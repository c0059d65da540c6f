"""The routes. No state of its own: everything is in `Service`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI, Response, WebSocket
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.routing import WebSocketRoute

from tensorrt_tts.server.api_keys import ApiKeys
from tensorrt_tts.server.edge_description import describe_edges
from tensorrt_tts.server.head_requests import HeadAsGet
from tensorrt_tts.server.key_gate import KeyGate, open_without_key
from tensorrt_tts.server.no_cache import NoCache
from tensorrt_tts.server.origin_gate import OriginGate
from tensorrt_tts.server.protocols.cartesia import cartesia_routes
from tensorrt_tts.server.protocols.deepgram import deepgram_routes
from tensorrt_tts.server.protocols.elevenlabs import elevenlabs_routes
from tensorrt_tts.server.protocols.listening_socket import refuse_socket
from tensorrt_tts.server.protocols.openai_speech import openai_routes
from tensorrt_tts.server.protocols.route_description import METRICS, UNHEALTHY
from tensorrt_tts.server.protocols.tts_generate import tts_generate_routes
from tensorrt_tts.server.protocols.ws_tts import ws_tts_routes
from tensorrt_tts.server.refusals import Refusals, unknown_route
from tensorrt_tts.server.root_path import RootPath

if TYPE_CHECKING:
    from tensorrt_tts.server.service import Service

PAGE = Path(__file__).parent / "page"

Protocol = Callable[["Service"], APIRouter]

PROTOCOLS: Sequence[Protocol] = (
    ws_tts_routes,
    openai_routes,
    cartesia_routes,
    deepgram_routes,
    elevenlabs_routes,
    tts_generate_routes,
)
"""Each translates between the service and its clients' words; a further one is a line here."""

OWN_ROUTES = frozenset(
    ("/test/", "/health/live", "/health/ready", "/metrics", "/openapi.json"),
)


def create_app(service: Service, protocols: Sequence[Protocol] = PROTOCOLS) -> FastAPI:
    """The application around a service, under any ASGI server. Its lifespan is `Service.run`: a
    server that opens its port when the app has started, as all do, is ready from its first request.
    """
    routers = [protocol(service) for protocol in protocols]
    routes, sockets = known_paths(routers)
    app = FastAPI(
        title="tensorrt-tts",
        summary="Streaming speech",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": "."}],  # below whatever prefix the description was read from
        lifespan=lambda app: service.run(),
        redirect_slashes=False,  # to an absolute address, which a proxy makes wrong: see `Refusals`
        exception_handlers={HTTPException: Refusals(routes)},
    )
    settings = service.settings
    # What is added last comes first.
    keys = ApiKeys(settings)
    app.add_middleware(KeyGate, service=service, keys=keys)
    app.add_middleware(OriginGate, allowed=settings.allowed_origins, metrics=service.metrics)
    app.add_middleware(NoCache)
    app.add_middleware(HeadAsGet)
    if prefix := settings.root_path:
        names = {route.split("/")[1] for route in routes}
        app.add_middleware(RootPath, prefix=prefix, names=names)
    health = service.health

    for router in routers:
        app.include_router(router)

    @app.websocket("/{path:path}")
    async def unknown(socket: WebSocket) -> None:
        await refuse_socket(socket, service, unknown_route(socket.scope["path"], sockets))

    @app.get("/health/live", responses=UNHEALTHY)
    async def live(response: Response) -> dict[str, str]:
        """503 only when a restart would help."""
        response.status_code = 200 if health.live else 503
        return {"status": health.status}

    @app.get("/health/ready", responses=UNHEALTHY)
    async def ready(response: Response) -> dict[str, str]:
        """503 while no work should be sent here."""
        response.status_code = 200 if health.ready else 503
        return {"status": health.status}

    @app.get("/metrics", response_class=Response, responses=METRICS)
    async def metrics() -> Response:
        """In Prometheus's text format."""
        return service.metrics.answer()

    paid_for = settings.accountant is not None
    describe_edges(app.openapi(), keys.needed, open_without_key(settings), paid_for)
    app.mount("/test", StaticFiles(directory=PAGE, html=True), name="test page")
    return app


def known_paths(routers: Sequence[APIRouter]) -> tuple[set[str], set[str]]:
    """What whoever asks for anything else is told: all paths, and those of WebSockets."""
    found = [route for router in routers for route in router.routes]
    sockets = {route.path for route in found if isinstance(route, WebSocketRoute)}
    described = {
        route.path for route in found if isinstance(route, APIRoute) and route.include_in_schema
    }
    return {*OWN_ROUTES, *sockets, *described}, sockets
