"""The sending half of a socket: whole messages, each under a deadline."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from tensorrt_tts.errors import SlowReaderError
from tensorrt_tts.server.context import ClientGoneError
from tensorrt_tts.server.deadlines import CLOSE_FRAME_S
from tensorrt_tts.server.protocols.wire import encode

if TYPE_CHECKING:
    import numpy as np


class ClientConnection:
    """May be used by several tasks: a message is sent when those before it have been taken.

    Every method but `close` raises ClientGoneError, and SlowReaderError when the client took
    nothing for `timeout_s`: buffers on both sides are full and the audio is worth nothing now."""

    def __init__(self, socket: WebSocket, timeout_s: float) -> None:
        self._socket = socket
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()

    async def send_audio(self, pcm: np.ndarray) -> None:
        """pcm: int16 (samples,). Sent little-endian whatever the machine."""
        await self.send_bytes(pcm.astype("<i2").tobytes())

    async def send_bytes(self, content: bytes) -> None:
        await self._send({"type": "websocket.send", "bytes": content})

    async def send(self, message: dict[str, Any]) -> None:
        await self._send({"type": "websocket.send", "text": encode(message)})

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye if that is still possible."""
        try:
            async with asyncio.timeout(CLOSE_FRAME_S):
                await self._socket.close(code, reason)
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            return  # gone, not reading, or closed already: the outcome is the same

    async def _send(self, event: dict[str, Any]) -> None:
        try:
            async with self._turn, asyncio.timeout(self._timeout_s):
                await self._socket.send(event)
        except TimeoutError as error:
            raise SlowReaderError(
                f"client took no data for {self._timeout_s:g} s; read faster or reconnect"
            ) from error
        except (WebSocketDisconnect, RuntimeError) as error:
            # RuntimeError is what Starlette and uvicorn raise after the close.
            raise ClientGoneError from error
