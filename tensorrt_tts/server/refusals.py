"""Answers to requests that no route takes, over HTTP and at the WebSocket handshake alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
    tts_generate_wire,
)
from tensorrt_tts.server.protocols.openai_wire import error_message as openai_message
from tensorrt_tts.server.protocols.openai_wire import request_id
from tensorrt_tts.server.protocols.wire import encode, error_message, retry_after_header

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from tensorrt_tts.server.metrics import ServerMetrics

Renderer = Callable[[TTSError, int | None, Mapping[str, str]], Response]
"""(error, status where HTTP has a more exact one than the error's class, headers) to an answer."""

RESTART_S = 30
"""Retry-After of an engine that died: the process is replaced, and loads its model again."""

_SHOWN_CHARACTERS = 80
"""Of a path that somebody else chose."""


def error_response(
    error: TTSError,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    shape: Callable[[TTSError], dict[str, Any]] = error_message,
) -> Response:
    """status: where HTTP has a more exact one than the error's class. shape: the content, as the
    clients of the route expect it."""
    return Response(
        encode(shape(error)),
        status or error.http_status,
        {**(headers or {}), **retry_after_header(error)},
        "application/json",
    )


def unknown_route(path: str, routes: Iterable[str]) -> UnknownRouteError:
    """path: as it came, so that a prefix which a proxy should have taken off is seen."""
    known = ", ".join(sorted(routes))
    said = f"path {_shown(path)} is not served here; the paths are: {known}"
    prefix = next((path.removesuffix(at) for at in routes if path.endswith(at)), "")
    if prefix.strip("/"):
        said += f"; if a proxy leaves {_shown(prefix)} on, start the server with it as --root-path"
    return UnknownRouteError(said)


def openai_refusal(
    error: TTSError,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    name: str | None = None,
) -> Response:
    """As OpenAI's clients expect it. name: of the request, where it has one already."""
    known = {"x-request-id": name or request_id(), **(headers or {})}
    if isinstance(error, EngineDiedError):
        known["Retry-After"] = str(RESTART_S)
    return error_response(error, status, known, openai_message)


def cartesia_refusal(
    error: TTSError,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    name: str | None = None,
) -> Response:
    """As Cartesia's clients expect it. name: of the request, where it has one already."""
    name = name or cartesia_wire.request_id()
    known = {"x-request-id": name, **(headers or {})}
    return error_response(
        error, status, known, lambda error: cartesia_wire.error_object(error, name, status)
    )


def deepgram_refusal(
    error: TTSError,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    name: str | None = None,
) -> Response:
    """As Deepgram's clients expect it. name: of the request, where it has one already."""
    name = name or deepgram_wire.request_id()
    known = {"dg-request-id": name, **(headers or {})}
    return error_response(
        error, status, known, lambda error: deepgram_wire.error_message(error, name)
    )


def elevenlabs_refusal(
    error: TTSError,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    name: str | None = None,
) -> Response:
    """As ElevenLabs' clients expect it. name: of the request, where it has one already."""
    known = {"request-id": name or elevenlabs_wire.request_id(), **(headers or {})}
    return error_response(error, status, known, elevenlabs_wire.error_message)


def generate_refusal(
    error: TTSError,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    name: str | None = None,
) -> Response:
    """As clients of `/v1/tts/generate` expect it. name: of the request, where it has one
    already."""
    known = {"X-Request-ID": name or tts_generate_wire.request_id(), **(headers or {})}
    return error_response(error, status, known, tts_generate_wire.error_message)


RENDERERS: dict[str, Renderer] = {
    "/": error_response,
    # Not all of /tts/, which is a usual prefix for everything behind a proxy.
    "/tts/bytes": cartesia_refusal,
    "/tts/sse": cartesia_refusal,
    "/tts/websocket": cartesia_refusal,
    "/v1/": openai_refusal,
    "/v1/speak": deepgram_refusal,
    "/v1/text-to-speech/": elevenlabs_refusal,
    "/v1/tts/": generate_refusal,
    "/v1/voices": elevenlabs_refusal,
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
    return RENDERERS[begins](error, status, headers or {})


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
