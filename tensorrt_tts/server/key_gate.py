"""Asks for an API key, where there are any, and tells everything behind it whose it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

from tensorrt_tts.errors import ApiKeyError
from tensorrt_tts.server.credentials import credentials, offered_scheme
from tensorrt_tts.server.identity import IDENTITY, Identity
from tensorrt_tts.server.key_limits import NO_LIMITS
from tensorrt_tts.server.late_key import UNKNOWN_KEY, LateKeys
from tensorrt_tts.server.refusals import refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tensorrt_tts.server.api_keys import ApiKeys
    from tensorrt_tts.server.service import Service
    from tensorrt_tts.server.settings import ServerSettings

OPEN = ("/health/live", "/health/ready", "/v1/tts/health", "/openapi.json", "/test")
"""Probes have no key, and the page asks its visitor for one. What lies below is open as well."""

METRICS = ("/metrics", "/v1/tts/metrics")

_ANSWERS = ("http.response.start", "websocket.accept", "websocket.http.response.start")


def open_without_key(settings: ServerSettings) -> Callable[[str], bool]:
    """Of a path."""
    known = OPEN if settings.metrics_need_key else (*OPEN, *METRICS)
    return lambda path: any(f"{path}/".startswith(f"{above}/") for above in known)


class KeyGate:
    """ASGI, on whatever the routes are: a route that is forgotten here is closed."""

    def __init__(self, app: ASGIApp, service: Service, keys: ApiKeys) -> None:
        self._app = app
        self._service = service
        self._keys = keys
        self._late = LateKeys(keys, service.metrics)
        self._open = open_without_key(service.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        identity = Identity(path=path)
        if self._keys.needed:
            given = list(credentials(scope))
            key = self._keys.find(given)
            if not given and scope["type"] == "websocket" and self._late.expects(path):
                asked = await self._late.ask(receive, send)
                if asked is None:
                    return
                key, receive, send = asked
            if key is not None:
                identity = Identity(key.name, path, key.limits)
            elif scope["type"] == "websocket" or not self._open(path):
                error = _refused(scope["type"], bool(given))
                await refuse(error, self._service.metrics, scope, receive, send)
                return
        token = IDENTITY.set(identity)
        try:
            await self._app(scope, receive, self._telling(identity, offered_scheme(scope), send))
        finally:
            IDENTITY.reset(token)

    def _telling(self, identity: Identity, subprotocol: str | None, send: Send) -> Send:
        """Answers say what the key has left. A handshake that came with a key in its subprotocols
        is answered with one."""
        if subprotocol is None and identity.limits == NO_LIMITS:
            return send

        async def tell(message: Message) -> None:
            if message["type"] in _ANSWERS:
                message = {**message, "headers": list(message.get("headers", ()))}
                MutableHeaders(scope=message).update(self._service.key_usage.headers(identity))
            if message["type"] == "websocket.accept" and not message.get("subprotocol"):
                message["subprotocol"] = subprotocol
            await send(message)

        return tell


def _refused(kind: str, given: bool) -> ApiKeyError:
    if given:
        return ApiKeyError(UNKNOWN_KEY)
    headers = "Authorization: Bearer KEY, X-API-Key: KEY or xi-api-key: KEY"
    browsers = ", or where no header can be set as api_key=KEY in the address"
    told = f"an API key is needed; send it as {headers}"
    return ApiKeyError(told + browsers if kind == "websocket" else told)
