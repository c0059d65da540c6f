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

FAREWELL_S = 1.0
"""How long a closing handshake may take: a server that hangs must not hold up the next request."""

PAUSE_S = 0.2
"""After a connection that was refused, so that a server that is down is not hammered."""


class WebSocketEndpoint:
    """url: `ws://host:port/ws/tts`. timeout: seconds for one whole answer. benchmark: ask the
    server for its own timings. pause: seconds after a refused connection."""

    name = "ws_tts"

    def __init__(
        self, url: str, timeout: float = 120.0, benchmark: bool = True, pause: float = PAUSE_S
    ) -> None:
        self.url = url
        self.timeout = timeout
        self.benchmark = benchmark
        self.pause = pause

    @asynccontextmanager
    async def open(self) -> AsyncIterator[WebSocketConnection]:
        connection = WebSocketConnection(self)
        try:
            yield connection
        finally:
            await connection.close()


class WebSocketConnection:
    """One caller's socket; several requests may follow each other on it. An exchange that failed
    leaves nothing behind: the next one gets a new socket, on which no answer is still under way,
    and its handshake counts as waiting, as it does for a caller."""

    def __init__(self, endpoint: WebSocketEndpoint) -> None:
        self._endpoint = endpoint
        self._socket: ClientConnection | None = None

    async def connect(self) -> None:
        """Raises BackendError when nothing answers there."""
        await self._connected()

    async def close(self) -> None:
        if self._socket is not None:
            socket, self._socket = self._socket, None
            await socket.close()

    async def speak(self, prompt: Prompt, voice: str | None, scheduled: float) -> Exchange:
        """Send one request and receive until the server says that it is done."""
        from websockets.exceptions import WebSocketException

        exchange = Exchange(prompt, voice, scheduled, time.perf_counter())
        refused = False
        try:
            async with asyncio.timeout(self._endpoint.timeout):
                await self._exchange(await self._connected(), exchange)
        except BackendError as error:
            refused = True
            exchange.error = str(error)
        except TimeoutError:
            exchange.error = f"no end of the answer within {self._endpoint.timeout:g} s"
        except (OSError, WebSocketException) as error:
            exchange.error = f"connection lost: {error}"
        exchange.closed = time.perf_counter()
        if exchange.error is not None:
            await self.close()
            await asyncio.sleep(self._endpoint.pause if refused else 0)
        return exchange

    async def _connected(self) -> ClientConnection:
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        if self._socket is None:
            url = self._endpoint.url
            try:
                # Audio does not compress; deflate would only add its own delay to what is measured.
                self._socket = await connect(
                    url, max_size=None, compression=None, proxy=None, close_timeout=FAREWELL_S
                )
            except (OSError, WebSocketException) as error:
                raise BackendError(
                    f"no server at {url} ({error}); start one with `make serve`, or pass --serve"
                ) from error
        return self._socket

    async def _exchange(self, socket: ClientConnection, exchange: Exchange) -> None:
        request: dict[str, Any] = {
            "text": exchange.prompt.text,
            "benchmark": self._endpoint.benchmark,
        }
        if exchange.voice is not None:
            request["voice"] = exchange.voice
        await socket.send(json.dumps(request, ensure_ascii=False))
        while True:
            message = await socket.recv()
            now = time.perf_counter()
            if isinstance(message, bytes):
                exchange.messages.append(Message(now, message))
                continue
            content = _object(message)
            if content is None:
                exchange.error = f"a message that is no JSON object: {message[:80]!r}"
                return
            if "error" in content:
                exchange.error = _one_line(content["error"])
                return
            if content.get("done"):
                exchange.final = content
                return


def _object(message: str) -> dict[str, Any] | None:
    try:
        content = json.loads(message)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _one_line(error: Any) -> str:
    if isinstance(error, dict):
        return f"{error.get('code', 'error')}: {error.get('message', error)}"
    return str(error)
