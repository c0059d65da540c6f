"""Which web pages may use this server. Whatever runs in a browser reaches the machine it runs on:
without this, any site could speak, and listen, on a server of its visitor's.

Browsers say in `Origin` which page asks; programs have no such header, and are left to keys. One
setting decides who may open a WebSocket, who may send anything (a method other than GET and HEAD),
and who may read answers (CORS).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware

from tensorrt_tts.errors import OriginError
from tensorrt_tts.server.origins import is_allowed, is_own
from tensorrt_tts.server.refusals import refuse
from tensorrt_tts.validation import shown

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from tensorrt_tts.server.metrics import ServerMetrics

EXPOSED = (
    "X-Request-Id",
    "Retry-After",
    "X-Normalized-Text",
    "X-Audio-Sample-Rate",
    "X-SR-Applied",
    "X-RateLimit-Limit-Streams",
    "X-RateLimit-Remaining-Streams",
    "X-RateLimit-Limit-Characters",
    "X-RateLimit-Remaining-Characters",
    "X-RateLimit-Reset-Characters",
)
"""Headers that a page of another origin may read."""

_READING = ("GET", "HEAD", "OPTIONS")


class OriginGate:
    """ASGI: refuses what a page of another origin must not do, and answers CORS for those that
    may. allowed: as `parse_origins` gives them."""

    def __init__(self, app: ASGIApp, allowed: Collection[str], metrics: ServerMetrics) -> None:
        self._allowed = allowed
        self._metrics = metrics
        self._app = app
        if self._allowed:
            self._app = CORSMiddleware(
                app,
                allow_origins=self._allowed,
                allow_methods=["GET", "POST"],
                allow_headers=["*"],
                expose_headers=EXPOSED,
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" or scope.get("method", "GET") not in _READING:
            headers = Headers(scope=scope)
            origin = headers.get("Origin")
            if origin is not None and not self._may(origin, headers.get("Host", "")):
                error = OriginError(
                    f"a web page of origin {shown(origin, 80)} may not ask here; the server's "
                    "operator can allow it by --allowed-origins"
                )
                await refuse(error, self._metrics, scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _may(self, origin: str, host: str) -> bool:
        return is_allowed(origin, self._allowed) or is_own(origin, host)
