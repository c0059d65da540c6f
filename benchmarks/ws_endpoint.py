"""The toolkit's WebSocket, `/ws/tts`, as a measuring client sees it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from benchmarks.exchange import Exchange, Message
from benchmarks.prompts import Prompt
from tensorrt_tts.errors import BackendError

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection


class WebSocketEndpoint:
    """url: `ws://host:port/ws/tts`. timeout: seconds for one whole answer. benchmark: ask the
    server for its own timings."""

    name = "ws_tts"

    def __init__(self, url: str, timeout: float = 120.0, benchmark: bool = True) -> None:
        self.url = url
        self.timeout = timeout
        self.benchmark = benchmark

    @asynccontextmanager
    async def open(self) -> AsyncIterator[WebSocketConnection]:
        """Raises BackendError when nothing answers there."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        try:
            # Audio does not compress; deflate would only add its own delay to what is measured.
            socket = await connect(self.url, max_size=None, compression=None, proxy=None)
        except (OSError, WebSocketException) as error:
            raise BackendError(
                f"no server at {self.url} ({error}); start one with `make serve`, or pass --serve"
            ) from error
        try:
            yield WebSocketConnection(socket, self.timeout, self.benchmark)
        finally:
            await socket.close()


class WebSocketConnection:
    """One socket; several requests may follow each other on it."""

    def __init__(self, socket: ClientConnection, timeout: float, benchmark: bool) -> None:
        self._socket = socket
        self._timeout = timeout
        self._benchmark = benchmark

    async def speak(self, prompt: Prompt, voice: str | None, scheduled: float) -> Exchange:
        """Send one request and receive until the server says that it is done."""
        from websockets.exceptions import WebSocketException

        request: dict[str, Any] = {"text": prompt.text, "benchmark": self._benchmark}
        if voice is not None:
            request["voice"] = voice
        exchange = Exchange(prompt, voice, scheduled, time.perf_counter())
        try:
            async with asyncio.timeout(self._timeout):
                await self._socket.send(json.dumps(request, ensure_ascii=False))
                await self._receive(exchange)
        except TimeoutError:
            exchange.error = f"no end of the answer within {self._timeout:g} s"
        except (OSError, WebSocketException) as error:
            exchange.error = f"connection lost: {error}"
        exchange.closed = time.perf_counter()
        return exchange

    async def _receive(self, exchange: Exchange) -> None:
        while True:
            message = await self._socket.recv()
            now = time.perf_counter()
            if isinstance(message, bytes):
                exchange.messages.append(Message(now, message))
                continue
            content = json.loads(message)
            if "error" in content:
                exchange.error = _one_line(content["error"])
                return
            if content.get("done"):
                exchange.final = content
                return


def _one_line(error: Any) -> str:
    if isinstance(error, dict):
        return f"{error.get('code', 'error')}: {error.get('message', error)}"
    return str(error)
