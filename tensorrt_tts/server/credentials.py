"""Where clients put their key. Pure.

| who | where |
|---|---|
| OpenAI's, Cartesia's SDK | `Authorization: Bearer KEY` |
| Deepgram's | `Authorization: Token KEY` |
| Cartesia's | `X-API-Key: KEY` |
| ElevenLabs' | `xi-api-key: KEY` |
| browsers, which can set no header of a WebSocket | `?api_key=KEY`, or subprotocols `token, KEY` |
| – through Cartesia's SDK | `?access_token=KEY` |
| – to ElevenLabs' sockets | `?authorization=KEY`, `?single_use_token=KEY` |
| those that speak ElevenLabs' protocol | their first message: `late_key.py` |

Addresses end up in logs: over plain HTTP, where headers can be set, no key is looked for there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from starlette.types import Scope

_SCHEMES = (b"bearer", b"token")

_SCHEME = re.compile(rb"^(?:bearer|token)(?:\+| |%20)+", re.IGNORECASE)
"""Before a key in an address, as it came."""

_HEADERS = (b"x-api-key", b"xi-api-key")

PARAMETERS = ("api_key", "access_token", "authorization", "single_use_token")


def credentials(scope: Scope) -> Iterator[bytes]:
    """Every key that came with a request or handshake."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, key = value.strip().partition(b" ")
            if scheme.lower() in _SCHEMES:
                yield key.strip()
        elif name in _HEADERS:
            yield value.strip()
    if scope["type"] == "websocket":
        for pair in scope["query_string"].split(b"&"):
            name, _, value = pair.partition(b"=")
            if name.decode("latin-1") in PARAMETERS:
                yield unquote_to_bytes(_SCHEME.sub(b"", value))
        if offered_scheme(scope) is not None:
            yield scope["subprotocols"][1].encode("latin-1", "replace")


def offered_scheme(scope: Scope) -> str | None:
    """The subprotocol that stands before a key, as in `new WebSocket(url, ["token", KEY])`. A
    browser ends a connection whose handshake was answered without one of those it offered."""
    offered: Sequence[str] = scope.get("subprotocols", ())
    return offered[0] if len(offered) == 2 and offered[0] in ("token", "bearer") else None


_SHOWN = re.compile(rf"([?&](?:{'|'.join(PARAMETERS)})=)[^&\s\"]+")


def without_keys(value: Any) -> Any:
    """What a log may show of an address; anything else as it is."""
    return _SHOWN.sub(r"\1…", value) if isinstance(value, str) else value
