"""Sending to a socket that takes what the test lets it."""

import asyncio
import json
from typing import Any

import numpy as np
import pytest
from starlette.websockets import WebSocketDisconnect

from tensorrt_tts.errors import SlowReaderError
from tensorrt_tts.server import connection
from tensorrt_tts.server.connection import ClientConnection
from tensorrt_tts.server.context import ClientGoneError


class Socket:
    """ends: what sending raises; None: it takes everything. full: it takes nothing, for ever."""

    def __init__(self, ends: Exception | None = None, full: bool = False) -> None:
        self.ends, self.full = ends, full
        self.sent: list[Any] = []

    async def send(self, message: Any) -> None:
        if self.full:
            await asyncio.Event().wait()
        if self.ends is not None:
            raise self.ends
        self.sent.append(message)

    async def close(self, code: int, reason: str) -> None:
        await self.send((code, reason))


def client(socket: Socket, timeout_s: float = 60.0) -> ClientConnection:
    return ClientConnection(socket, timeout_s)  # type: ignore[arg-type]


async def test_audio_is_little_endian_and_messages_are_json() -> None:
    socket = Socket()
    await client(socket).send_audio(np.array([1, -2, 258], ">i2"))
    await client(socket).send({"done": True})
    await client(socket).close(1000, "bye")
    audio, message, close = socket.sent
    assert audio == {"type": "websocket.send", "bytes": b"\x01\x00\xfe\xff\x02\x01"}
    assert json.loads(message["text"]) == {"done": True}
    assert close == (1000, "bye")


async def test_a_client_that_takes_nothing_is_slow() -> None:
    with pytest.raises(SlowReaderError, match=r"took no data for 0.01 s; read faster"):
        await client(Socket(full=True), 0.01).send({})


async def test_messages_of_several_tasks_are_sent_one_by_one() -> None:
    class Slow(Socket):
        async def send(self, message: Any) -> None:
            self.sent.append("begun")
            for _ in range(5):
                await asyncio.sleep(0)
            self.sent.append("sent")

    socket = Slow()
    peer = client(socket)
    await asyncio.gather(*(peer.send({"number": number}) for number in range(5)))
    assert socket.sent == ["begun", "sent"] * 5


@pytest.mark.parametrize(
    "ends",
    [
        WebSocketDisconnect(1006),
        RuntimeError('Cannot call "send" once a close message has been sent.'),
        RuntimeError("Unexpected ASGI message 'websocket.send', after sending 'websocket.close'"),
    ],
)
async def test_a_client_that_left_is_gone(ends: Exception) -> None:
    with pytest.raises(ClientGoneError):
        await client(Socket(ends)).send_audio(np.zeros(1, np.int16))
    await client(Socket(ends)).close(1000, "")  # nobody to tell


async def test_a_goodbye_that_nobody_takes_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "CLOSE_FRAME_S", 0.01)
    await client(Socket(full=True)).close(1000, "")
