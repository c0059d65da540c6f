"""What a caller of any route may do: listen to the end, cancel, leave, vanish, send mistakes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import socket
import struct
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from benchmarks.load.routes import Message, PostRoute, Route, SocketRoute, audio_of, error_code
from benchmarks.load.server_process import ServerProcess

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

TEXTS = ("Hello.", "It rains. It snows.", "1,250 people came on 3 March. Why?", "Well… no!")

MANNERS = {"listens": 10, "cancels": 3, "leaves": 2, "vanishes": 2, "errs": 2}
"""What a caller does, and how often. One that leaves closes its connection in the middle of the
answer, one that vanishes resets it."""

MISTAKES = ("{", "[]", '{"type": 7, "text": 7, "context_id": "a"}', b"\x00")

EXPECTED = ("spoken", "cancelled", "left", "told", "refused")
"""What may become of a request. told: what was wrong with it."""


async def ask(server: ServerProcess, route: Route, manner: str, draw: random.Random) -> str:
    """One of `EXPECTED`, an error's code, or what else was wrong. Raises OSError."""
    if isinstance(route, SocketRoute):
        return await _on_socket(server, route, manner, draw)
    return await _by_post(server, route, manner, draw)


async def _by_post(
    server: ServerProcess, route: PostRoute, manner: str, draw: random.Random
) -> str:
    text = draw.choice(TEXTS)
    content = json.dumps(route.body(text)).encode()
    if manner == "errs":
        content = draw.choice((b"{", b"[]", b"{}", json.dumps(route.body("\a")).encode()))
    head = f"POST {route.path} HTTP/1.1\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(content)}\r\n"
    leaves = manner in ("cancels", "leaves", "vanishes")
    wanted = draw.randrange(20_000) if leaves else None
    status, body, whole = await exchange(
        server, head.encode(), content, wanted, manner == "vanishes"
    )
    if status == 200 and not leaves:
        return "spoken" if whole and body else "cut"
    if status in (0, 200):
        return "left"
    if status == 400 and manner == "errs":
        return "told"
    return error_code(json.loads(body)) or f"status {status}"


async def _on_socket(
    server: ServerProcess, route: SocketRoute, manner: str, draw: random.Random
) -> str:
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed, InvalidStatus

    address = server.base.replace("http", "ws", 1) + route.path
    try:
        async with connect(address, max_size=None, compression=None, proxy=None) as peer:
            try:
                return await _talk(peer, route, manner, draw)
            except ConnectionClosed as closed:
                # What ended it was told before, unless it just ended.
                return closed.rcvd.reason if closed.rcvd is not None else "cut"
    except InvalidStatus as refused:
        return error_code(json.loads(refused.response.body or b"{}")) or "refused in no words"


async def _talk(
    peer: ClientConnection, route: SocketRoute, manner: str, draw: random.Random
) -> str:
    if manner == "errs":
        await peer.send(draw.choice(MISTAKES))
        async for message in _messages(peer):
            if not isinstance(message, bytes) and error_code(message):
                return "told"
        return "told nothing"
    for message in route.text(*draw.choice(TEXTS).partition(" ")):
        await peer.send(json.dumps(message))
    audio, until = 0, draw.randrange(20_000)
    async for heard in _messages(peer):
        audio += len(audio_of(heard))
        if isinstance(heard, dict):
            if code := error_code(heard):
                return code
            if route.over(heard):
                return _ended(manner, audio)
        if manner in ("listens", "cancelled") or audio <= until:
            continue
        if manner != "cancels" or not route.stop:
            if manner == "vanishes":
                _reset(peer.transport.get_extra_info("socket"))
                peer.transport.abort()
            return "left"
        await peer.send(json.dumps(route.stop[-1]))  # its text has ended
        manner = "cancelled"
    return "cut"


def _ended(manner: str, audio: int) -> str:
    if manner == "cancelled":
        return "cancelled"
    return "spoken" if audio else "silent"


async def _messages(peer: ClientConnection) -> AsyncIterator[Message | bytes]:
    """Raises ConnectionClosed at the end, however good it is."""
    while True:
        message = await peer.recv()
        yield message if isinstance(message, bytes) else json.loads(message)


def _reset(tcp: socket.socket) -> None:
    """What is closed from now on is reset."""
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def exchange(
    server: ServerProcess,
    head: bytes,
    content: bytes = b"",
    wanted: int | None = None,
    reset: bool = False,
) -> tuple[int, bytes, bool]:
    """One request over HTTP on a connection of its own, and its answer: the status (0 for none),
    the body and whether it is whole. wanted: bytes after which to leave. reset: how."""
    host, port = server.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(head + b"Host: here\r\nConnection: close\r\n\r\n" + content)
        received = b""
        while wanted is None or len(received) < wanted:
            more = await reader.read(65536)
            if not more:
                break
            received += more
        else:
            if reset:
                _reset(writer.get_extra_info("socket"))
        status, body, whole = _answer(received)
        return status, body, whole
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _answer(received: bytes) -> tuple[int, bytes, bool]:
    """Of what came: as `exchange`. A body in chunks is whole with its last one; the lengths stay
    in it."""
    head, _, body = received.partition(b"\r\n\r\n")
    if not body:
        return 0, b"", False
    status = int(head.split(maxsplit=2)[1])
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    if found is not None:
        return status, body, len(body) == int(found.group(1))
    return status, body, body.endswith(b"0\r\n\r\n")
