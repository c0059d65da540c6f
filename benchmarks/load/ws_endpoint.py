"""The toolkit's WebSocket, `/ws/tts`, as a measuring client sees it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from benchmarks.listener.exchange import Exchange, Message
from benchmarks.prompts import Prompt
from tensorrt_tts.client.handshake import FAREWELL_S, not_opened, seconds
from tensorrt_tts.errors import (
    CapacityError,
    DrainingError,
    RateLimitError,
    TTSError,
)

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection
    from websockets.http11 import Response

TURNED_AWAY = frozenset(kind.code for kind in (CapacityError, RateLimitError, DrainingError))
"""Error codes of a server that would answer another time."""

TRY_LATER = frozenset((DrainingError.close_code, CapacityError.close_code))
"""Close codes that say the same: 1012 and 1013."""


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
        """Raises what `handshake.not_opened` tells: CapacityError when the server takes no more,
        BackendError when none answers, SettingError for an address that cannot be one."""
        await self._connected()

    async def close(self) -> None:
        if self._socket is not None:
            socket, self._socket = self._socket, None
            await socket.close()

    async def speak(self, prompt: Prompt, voice: str | None, scheduled: float) -> Exchange:
        """Send one request and receive until the server says that it is done."""
        from websockets.exceptions import ConnectionClosed, WebSocketException

        exchange = Exchange(prompt, voice, scheduled, time.perf_counter())
        try:
            async with asyncio.timeout(self._endpoint.timeout):
                socket = await self._connected()
                _describe(exchange, socket.response)
                await self._exchange(socket, exchange)
        except TTSError as error:
            exchange.error = str(error)
            exchange.refused = True
            exchange.retry_after = error.retry_after
        except TimeoutError:
            exchange.error = f"no end of the answer within {self._endpoint.timeout:g} s"
        except (OSError, WebSocketException) as error:
            exchange.error = f"connection lost: {error}"
            close = error.rcvd if isinstance(error, ConnectionClosed) else None
            exchange.refused = close is not None and close.code in TRY_LATER
        exchange.closed = time.perf_counter()
        if exchange.error is not None:
            await self.close()
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
            except (OSError, ValueError, WebSocketException) as error:
                raise not_opened(url, error) from error
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
                told = content["error"]
                exchange.error = _one_line(told)
                if isinstance(told, dict) and told.get("code") in TURNED_AWAY:
                    exchange.refused = True
                    exchange.retry_after = seconds(told.get("retry_after"))
                return
            if content.get("done"):
                exchange.final = content
                return


def _describe(exchange: Exchange, response: Response | None) -> None:
    """What the answer to the handshake says of the audio."""
    for name in ("sample_rate", "samples_per_frame"):
        header = f"X-Audio-{name.replace('_', '-')}"
        said = "" if response is None else response.headers.get(header, "")
        if said.isdecimal() and int(said) > 0:
            setattr(exchange, name, int(said))


def _object(message: str | bytes | bytearray) -> dict[str, Any] | None:
    try:
        content = json.loads(message)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _one_line(error: Any) -> str:
    if isinstance(error, dict):
        return f"{error.get('code', 'error')}: {error.get('message', error)}"
    return str(error)
