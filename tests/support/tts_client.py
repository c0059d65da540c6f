"""Clients of `/ws/tts` for the tests: one that behaves, and one on a bare TCP socket that need
not."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed
from websockets.uri import parse_uri


@dataclass
class Answer:
    """Everything up to and including one `done` or `error`."""

    audio: bytes = b""
    final: dict[str, Any] = field(default_factory=dict)
    chunks: int = 0
    took_s: float = 0.0
    words: list[dict[str, Any]] = field(default_factory=list)

    @property
    def code(self) -> str | None:
        return self.final["error"]["code"] if "error" in self.final else None


@asynccontextmanager
async def connected(url: str, **headers: str) -> AsyncIterator[ClientConnection]:
    plain = {"max_size": None, "compression": None, "proxy": None}
    async with connect(url, additional_headers=headers, **plain) as peer:
        yield peer


async def receive(peer: ClientConnection) -> Answer:
    began, answer = time.perf_counter(), Answer()
    async for message in peer:
        if isinstance(message, bytes):
            answer.audio += message
            answer.chunks += 1
            continue
        answer.final = json.loads(message)
        if "words" not in answer.final:
            break
        answer.words += answer.final["words"]
    answer.took_s = time.perf_counter() - began
    return answer


def assert_same_audio(ours: bytes, theirs: bytes) -> None:
    """To ±1 step of 16 bits: how many hops a server decodes at once depends on what else it does,
    and the last bits of the samples on that."""
    assert len(ours) == len(theirs)
    first, second = (np.frombuffer(audio, "<i2").astype(int) for audio in (ours, theirs))
    assert np.abs(first - second).max(initial=0) <= 1


async def close_code(peer: ClientConnection) -> int | None:
    """Read on until the server closes; its code, None when it just vanished."""
    try:
        while True:
            await peer.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


async def ask(peer: ClientConnection, text: str = "Hello.", **fields: Any) -> Answer:
    await peer.send(json.dumps({"text": text, **fields}))
    return await receive(peer)


class BareSocket:
    """A WebSocket handshake on a TCP socket, and then only what the test says. It answers neither
    pings nor close frames, like a peer whose cable was pulled."""

    def __init__(self, url: str, receive_buffer: int | None = None) -> None:
        self._protocol = ClientProtocol(parse_uri(url))
        uri = parse_uri(url)
        self.tcp = socket.socket()
        if receive_buffer is not None:
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.tcp.settimeout(60)
        self.tcp.connect((uri.host, uri.port))
        self._protocol.send_request(self._protocol.connect())
        self._flush()
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.tcp.recv(1)
        self._protocol.receive_data(head)
        assert b"101" in head.split(b"\r\n")[0], head

    def send(self, **message: Any) -> None:
        self._protocol.send_text(json.dumps(message).encode())
        self._flush()

    def vanish(self) -> None:
        """A reset, with no close frame."""
        linger_0_s = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_0_s)
        self.tcp.close()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            self.tcp.sendall(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.tcp.close()
