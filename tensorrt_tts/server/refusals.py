"""Answers to requests that no route takes, over HTTP and at the WebSocket handshake alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from tensorrt_tts.errors import EngineDiedError, InputError, TTSError, UnknownRouteError
from tensorrt_tts.server.protocols import (
    cartesia_wire,
    deepgram_wire,
    elevenlabs_wire,
    openai_wire,
    tts_generate_wire,
    wire,
)
from tensorrt_tts.server.protocols.wire import encode, retry_after_header

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from tensorrt_tts.server.metrics import ServerMetrics

RESTART_S = 30
"""Retry-After of an engine that died: the process is replaced, and loads its model again."""

_SHOWN_CHARACTERS = 80
"""Of a path that somebody else chose."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """An error in the words of a protocol's clients. shape: the content, of the error, the name of
    the request and the status. header: which has that name. new_name: for a request that has none.
    restart_s: Retry-After of an engine that died, where clients look for one."""

    shape: Callable[[TTSError, str, int], dict[str, Any]]
    header: str | None = None
    new_name: Callable[[], str] = str
    restart_s: int | None = None

    def __call__(
        self,
        error: TTSError,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> Response:
        """status: where HTTP has a more exact one than the error's class. name: of the request,
        where it has one already."""
        status, name = status or error.http_status, name or self.new_name()
        told = {} if self.header is None else {self.header: name}
        told |= headers or {}
        if self.restart_s is not None and isinstance(error, EngineDiedError):
            told["Retry-After"] = str(self.restart_s)
        told |= retry_after_header(error)
        content = encode(self.shape(error, name, status))
        return Response(content, status, told, "application/json")


OWN = Rendering(lambda error, name, status: wire.error_message(error))

OPENAI = Rendering(
    lambda error, name, status: openai_wire.error_message(error),
    "x-request-id",
    openai_wire.request_id,
    RESTART_S,
)

CARTESIA = Rendering(cartesia_wire.error_object, "x-request-id", cartesia_wire.request_id)

DEEPGRAM = Rendering(
    lambda error, name, status: deepgram_wire.error_message(error, name),
    "dg-request-id",
    deepgram_wire.request_id,
)

ELEVENLABS = Rendering(
    lambda error, name, status: elevenlabs_wire.error_message(error),
    "request-id",
    elevenlabs_wire.request_id,
)

GENERATE = Rendering(
    lambda error, name, status: tts_generate_wire.error_message(error),
    "x-request-id",
    tts_generate_wire.request_id,
)


def unknown_route(path: str, routes: Iterable[str]) -> UnknownRouteError:
    """path: as it came, so that a prefix which a proxy should have taken off is seen."""
    known = ", ".join(sorted(routes))
    said = f"path {_shown(path)} is not served here; the paths are: {known}"
    prefix = next((path.removesuffix(at) for at in routes if path.endswith(at)), "")
    if prefix.strip("/"):
        said += f"; if a proxy leaves {_shown(prefix)} on, start the server with it as --root-path"
    return UnknownRouteError(said)


RENDERERS = {
    "/": OWN,
    # Not all of /tts/, which is a usual prefix for everything behind a proxy.
    "/tts/bytes": CARTESIA,
    "/tts/sse": CARTESIA,
    "/tts/websocket": CARTESIA,
    "/v1/": OPENAI,
    "/v1/speak": DEEPGRAM,
    "/v1/text-to-speech/": ELEVENLABS,
    "/v1/tts/": GENERATE,
    "/v1/voices": ELEVENLABS,
}
"""By the beginning of a path, of which the longest that fits counts: in what words the clients of a
route hear what no route says itself. A protocol with words of its own has its line here."""


def refusal(
    path: str,
    error: TTSError,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error as the clients of that path expect it."""
    begins = max(filter(path.startswith, RENDERERS), key=len, default="/")
    return RENDERERS[begins](error, status, headers)


async def refuse(
    error: TTSError, metrics: ServerMetrics, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer in the route's place, a handshake over HTTP."""
    headers = {"WWW-Authenticate": "Bearer"} if error.http_status == 401 else {}
    answer = refusal(scope["path"], error, headers=headers)
    if scope["type"] == "websocket":
        metrics.refused_sockets.labels(error.code).inc()
        await WebSocket(scope, receive, send).send_denial_response(answer)
    else:
        metrics.refused_requests.labels(error.code).inc()
        await answer(scope, receive, send)


class Refusals:
    """Exception handler of the application. routes: its paths."""

    def __init__(self, routes: Iterable[str]) -> None:
        self._routes = frozenset(routes)

    async def __call__(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        path, headers = request.scope["path"], error.headers or {}
        if error.status_code == 405:
            allowed = headers.get("Allow", "GET, HEAD")  # of the page's files, which do not say
            told: TTSError = InputError(
                f"method {request.method} is not for {_shown(path)}; use {allowed}"
            )
        elif error.status_code == 404:
            location = other_slash(path, self._routes)
            if location is not None:
                query = f"?{request.url.query}" if request.url.query else ""
                return Response(status_code=307, headers={"Location": location + query})
            told = unknown_route(path, self._routes)
        else:
            told = InputError(str(error.detail))
        return refusal(path, told, error.status_code, headers)


def other_slash(path: str, routes: Iterable[str]) -> str | None:
    """Where the route lies that differs from path only by its last slash. Relative, since only the
    browser knows the scheme, the host and the prefix under which it asked."""
    bare = path.removesuffix("/")
    name = bare.rpartition("/")[2]
    if path == bare:
        return f"{name}/" if f"{path}/" in routes else None
    return f"../{name}" if name and bare in routes else None


def _shown(path: str) -> str:
    return repr(path if len(path) <= _SHOWN_CHARACTERS else path[:_SHOWN_CHARACTERS] + "…")
