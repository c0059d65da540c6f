"""Asks for an API key, where there are any, and tells everything behind it whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensorrt_tts.errors import ApiKeyError
from tensorrt_tts.server.credentials import credentials, offered_scheme
from tensorrt_tts.server.identity import IDENTITY, Identity
from tensorrt_tts.server.refusals import refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tensorrt_tts.server.api_keys import ApiKeys
    from tensorrt_tts.server.service import Service

OPEN = ("/health/live", "/health/ready", "/openapi.json", "/test")
"""Probes have no key, and the page asks its visitor for one. What lies below is open as well."""

METRICS = "/metrics"


class KeyGate:
    """ASGI, on whatever the routes are: a route that is forgotten here is closed."""

    def __init__(self, app: ASGIApp, service: Service, keys: ApiKeys) -> None:
        self._app = app
        self._service = service
        self._keys = keys
        self._open = OPEN if service.settings.metrics_need_key else (*OPEN, METRICS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = list(credentials(scope)) if self._keys.needed else []
        key = self._keys.find(given)
        if self._keys.needed and key is None and not self._is_open(scope):
            error = _refused(scope["type"], bool(given))
            await refuse(error, self._service.metrics, scope, receive, send)
            return
        path: str = scope["path"]
        identity = Identity(key.name, path, key.limits) if key else Identity(path=path)
        token = IDENTITY.set(identity)
        try:
            await self._app(scope, receive, _answering(offered_scheme(scope), send))
        finally:
            IDENTITY.reset(token)

    def _is_open(self, scope: Scope) -> bool:
        path: str = scope["path"]
        below = (f"{path}/".startswith(f"{known}/") for known in self._open)
        return scope["type"] == "http" and any(below)


def _refused(kind: str, given: bool) -> ApiKeyError:
    if given:
        return ApiKeyError("the API key is not known here; use one that the server's operator made")
    headers = "Authorization: Bearer KEY, X-API-Key: KEY or xi-api-key: KEY"
    browsers = ", or where no header can be set as api_key=KEY in the address"
    told = f"an API key is needed; send it as {headers}"
    return ApiKeyError(told + browsers if kind == "websocket" else told)


def _answering(subprotocol: str | None, send: Send) -> Send:
    """The handshake that came with a key in its subprotocols is answered with one."""
    if subprotocol is None:
        return send

    async def answer(message: Message) -> None:
        if message["type"] == "websocket.accept" and not message.get("subprotocol"):
            message = {**message, "subprotocol": subprotocol}
        await send(message)

    return answer
