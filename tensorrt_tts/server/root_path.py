"""A path prefix that a proxy leaves in front of every path it passes on."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tensorrt_tts.validation import shown

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


def parse_root_path(given: str) -> str:
    """As it stands in a decoded path: " /my%20voice/" is "/my voice", "/" is "".

    Raises ValueError for what is no path.
    """
    try:
        path = unquote(given.strip(), errors="strict").rstrip("/")
    except UnicodeDecodeError as error:
        raise ValueError(f"{shown(given)} is percent-encoded, but not as UTF-8") from error
    first, *names = path.split("/")
    if "?" in given or "#" in given or not path.isprintable():
        raise ValueError(
            f"{shown(given)} has a '?', '#' or control character; write it percent-encoded"
        )
    if first or any(name in ("", ".", "..") for name in names):
        raise ValueError(f"{shown(given)} is not a path from the root, such as /tts")
    return path


class RootPath:
    """ASGI: requests come with the prefix or, from a proxy that strips it and from probes beside
    it, without. The application sees paths without.

    names: the first parts of the application's own routes. The prefix is taken off where one of
    them follows, so that one named like a route ("/health") hides nothing.
    """

    def __init__(self, app: ASGIApp, prefix: str, names: Collection[str]) -> None:
        self._app = app
        self._prefix = prefix
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        before, prefix, path = scope.get("path", "").partition(f"{self._prefix}/")
        if prefix and not before and path.split("/")[0] in self._names:
            scope = {**scope, "path": f"/{path}"}
        await self._app(scope, receive, send)
