"""A client of any of `benchmarks.load.routes`: what the same test says on all of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from websockets.exceptions import ConnectionClosed, InvalidStatus

from benchmarks.load.routes import Route, SocketRoute, audio_of, error_code
from tests.support.server_thread import ServerThread, wait_until
from tests.support.speech_client import BareRequest, Reply, send
from tests.support.tts_client import BareSocket, connected

_POSTING = ThreadPoolExecutor(32)
"""asyncio's own has few threads on a small machine, and tests wait in them."""


@dataclass
class Told:
    """What came of one text. code: what went wrong, as the server calls it. whole: it ended as the
    route says that it has to. status: of HTTP, at the handshake too; or the close code, if any."""

    audio: bytes = b""
    code: str | None = None
    whole: bool = False
    status: int | None = None


def socket_url(server: ServerThread, route: SocketRoute) -> str:
    return f"ws://127.0.0.1:{server.port}{route.path}"


async def ask(server: ServerThread, route: Route, *pieces: str, **headers: str) -> Told:
    """The text in these pieces, in one where the route takes no more."""
    if isinstance(route, SocketRoute):
        return await _on_socket(server, route, *pieces, **headers)
    content = json.dumps(route.body("".join(pieces))).encode()
    post = partial(send, server.port, content, headers=headers, path=route.path)
    reply = await asyncio.get_running_loop().run_in_executor(_POSTING, post)
    if reply.status != 200:
        return Told(b"", error_code(json.loads(reply.body)), False, reply.status)
    return _said(reply)


def _said(reply: Reply) -> Told:
    kind, text = reply.headers["content-type"], ""
    if kind == "text/event-stream":
        lines = reply.body.decode().splitlines()
        text = "\n".join(line[6:] for line in lines if line.startswith("data: "))
    elif kind in ("application/x-ndjson", "application/json"):
        text = reply.body.decode()
    else:
        return Told(reply.body, None, reply.whole, 200)
    heard = [json.loads(line) for line in text.splitlines()]
    codes = [code for code in map(error_code, heard) if code]
    return Told(b"".join(map(audio_of, heard)), codes[0] if codes else None, reply.whole, 200)


async def _on_socket(
    server: ServerThread, route: SocketRoute, *pieces: str, **headers: str
) -> Told:
    told = Told()
    try:
        async with connected(socket_url(server, route), **headers) as peer:
            try:
                messages = route.text(*(pieces if route.end else ["".join(pieces)]))
                for message in messages:
                    await peer.send(json.dumps(message))
                while not told.whole:
                    raw = await peer.recv()
                    heard = raw if isinstance(raw, bytes) else json.loads(raw)
                    told.audio += audio_of(heard)
                    if isinstance(heard, dict):
                        told.code = told.code or error_code(heard)
                        told.whole = route.over(heard)
                        if told.code == "invalid_json":  # no text has begun that could end
                            break
            except ConnectionClosed:
                told.status = peer.close_code
                told.code = told.code or peer.close_reason
    except InvalidStatus as refused:
        told.status = refused.response.status_code
        told.code = error_code(json.loads(refused.response.body or b"{}"))
    told.whole = told.whole and told.code is None
    return told


Bare = BareSocket | BareRequest


@contextmanager
def asking(
    server: ServerThread, route: Route, text: str = "Hello.", receive_buffer: int | None = None
) -> Iterator[Bare]:
    """It has asked, and does nothing more by itself."""
    if isinstance(route, SocketRoute):
        with BareSocket(socket_url(server, route), receive_buffer) as peer:
            for message in route.text(text):
                peer.send(**message)
            yield peer
        return
    with BareRequest(server.port, receive_buffer, path=route.path, **route.body(text)) as request:
        yield request


@contextmanager
def spoken_to(server: ServerThread, route: Route, text: str = "Hello.") -> Iterator[Bare]:
    """As `asking`, and it is in the middle of its answer."""
    before = server.backend.generated
    with asking(server, route, text) as bare:
        wait_until(lambda: server.backend.generated >= before + 60)
        yield bare
