"""The protocol on a transport that only writes down what is done to it."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.client import ClientProtocol
from websockets.frames import Close
from websockets.uri import parse_uri

from tensorrt_tts.server import paced_websocket
from tensorrt_tts.server.paced_websocket import ASIDES_AT_ONCE, PIECE_BYTES, PacedWebSocket

MOST_FRAMES = PIECE_BYTES // 6


class Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.reading = True
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


class Line:
    """A client and the protocol under test, both ends of one wire. app: what serves it."""

    def __init__(self, app: Callable[..., Any], **settings: Any) -> None:
        config = uvicorn.Config(app, lifespan="off", log_config=None, **settings)
        self.wire = Wire()
        self.server = PacedWebSocket(config, ServerState(), {})
        self.server.connection_made(self.wire)
        self.client = ClientProtocol(parse_uri("ws://x/"))
        self.client.send_request(self.client.connect())
        self.say()

    def say(self) -> None:
        """All that the client has to send, in one read."""
        self.server.data_received(b"".join(self.client.data_to_send()))

    def hear(self) -> None:
        self.client.receive_data(self.wire.written)
        self.wire.written = b""


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


class Taker:
    """Accepts, and takes messages for as long as it may."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.may = asyncio.Event()
        self.close = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await self.may.wait()
        while not self.close.is_set():
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            self.taken.append(event["text"])
        await send({"type": "websocket.close", "code": 1008})


async def test_a_burst_is_taken_in_pieces_and_in_order() -> None:
    app = Taker()
    app.may.set()
    line = Line(app)
    await turns(3)
    line.hear()
    sent = [str(number) for number in range(2000)]
    for text in sent:
        line.client.send_text(text.encode())
    before = len(app.taken)
    line.say()
    while len(app.taken) < len(sent):
        await turns(1)
        assert len(app.taken) - before <= MOST_FRAMES
        before = len(app.taken)
    assert app.taken == sent
    assert line.wire.reading
    line.server.connection_lost(None)
    await turns(3)


async def test_what_the_application_does_not_take_is_left_unread() -> None:
    app = Taker()
    line = Line(app)
    await turns(3)
    line.hear()
    for _ in range(2000):
        line.client.send_text(b"x")
    line.say()
    await turns(100)
    assert not line.wire.reading
    assert line.server.queue.qsize() <= MOST_FRAMES
    app.may.set()
    while len(app.taken) < 2000:
        await turns(1)
    assert line.wire.reading
    line.server.connection_lost(None)
    await turns(3)


async def test_a_message_of_many_reads_and_pieces_arrives_whole() -> None:
    app = Taker()
    app.may.set()
    line = Line(app)
    await turns(3)
    line.hear()
    text = "".join(chr(97 + number % 26) for number in range(60_000))
    line.client.send_text(text.encode())
    data = b"".join(line.client.data_to_send())
    for start in range(0, len(data), 7001):
        while not line.wire.reading:
            await turns(1)
        line.server.data_received(data[start : start + 7001])
    while not app.taken:
        await turns(1)
    assert app.taken == [text]
    line.server.connection_lost(None)
    await turns(3)


async def test_pings_are_answered_in_pieces() -> None:
    """The application never sees them, and does not hold them up."""
    app = Taker()
    line = Line(app)
    await turns(3)
    line.hear()
    for _ in range(500):
        line.client.send_ping(b"")
    line.say()
    assert len(line.wire.written) < 500 * 2
    assert not line.wire.reading
    await turns(10)
    assert len(line.wire.written) == 500 * 2
    assert line.wire.reading
    line.server.connection_lost(None)
    app.may.set()
    await turns(3)


@pytest.mark.parametrize("aside", ["ping", "fragment"])
async def test_a_flood_that_brings_no_message_closes_1008(aside: str) -> None:
    app = Taker()
    app.may.set()
    line = Line(app)
    await turns(3)
    line.hear()
    if aside == "fragment":
        line.client.send_text(b"", fin=False)
    for _ in range(20 * ASIDES_AT_ONCE):
        if aside == "ping":
            line.client.send_ping(b"")
        else:
            line.client.send_continuation(b"", fin=False)
    line.say()
    for _ in range(1000):
        if line.wire.closed:
            break
        await turns(1)
    line.hear()
    assert line.client.close_rcvd == Close(1008, "too_many_messages")
    assert len(line.server.frames) <= 2 * ASIDES_AT_ONCE
    await turns(3)
    line.server.connection_lost(None)
    assert app.taken == []


async def saying_goodbye(**settings: Any) -> Line:
    app = Taker()
    app.close.set()
    line = Line(app, **settings)
    await turns(3)
    line.hear()
    app.may.set()
    return line


async def test_after_the_goodbye_only_the_peers_own_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = await saying_goodbye(ws_max_size=4096)
    for _ in range(100):
        line.client.send_text(b"x")
    burst = b"".join(line.client.data_to_send())
    await turns(3)
    parsed = 0
    receive_data = line.server.conn.receive_data

    def count(data: bytes) -> None:
        nonlocal parsed
        parsed += len(data)
        receive_data(data)

    monkeypatch.setattr(line.server.conn, "receive_data", count)
    for _ in range(100):
        line.server.data_received(burst)
        await turns(10)
    assert 0 < parsed <= 4096
    assert line.wire.reading  # so that the peer gets to read ours
    assert not line.wire.closed
    line.server.shutdown()
    line.server.connection_lost(None)


@pytest.mark.parametrize("quiet_s", [0, 60])
async def test_whoever_said_too_much_is_closed_when_it_is_quiet(
    quiet_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paced_websocket, "QUIET_S", quiet_s)
    line = await saying_goodbye(ws_max_size=4096)
    await turns(3)
    line.client.send_text(b"x" * 5000)  # before it has heard ours
    line.hear()  # and answers it
    line.say()
    assert not line.wire.closed
    await turns(3)
    assert line.wire.closed == (quiet_s == 0)
    line.server.shutdown()
    line.server.connection_lost(None)


async def test_the_peers_goodbye_closes() -> None:
    line = await saying_goodbye()
    for _ in range(1000):
        line.client.send_text(b"x")  # before it has heard ours
    await turns(3)
    line.hear()  # and answers it
    line.say()
    await turns(100)
    assert line.wire.closed
    line.server.connection_lost(None)


async def test_the_peers_goodbye_behind_what_nobody_took_closes() -> None:
    app = Taker()
    app.close.set()
    line = Line(app)
    await turns(3)
    line.hear()
    for _ in range(2000):
        line.client.send_text(b"x")
    line.say()  # more than one piece, and the application takes none of it
    await turns(100)
    assert not line.wire.reading
    app.may.set()
    await turns(3)
    line.hear()
    line.say()
    await turns(100)
    assert line.wire.closed
    line.server.connection_lost(None)


async def test_a_refusal_is_not_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> None:
    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.http.response.start", "status": 503, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b"full"})

    with caplog.at_level(logging.WARNING):
        line = Line(refuse)
        await turns(3)
    assert b"503" in line.wire.written.split(b"\r\n")[0]
    assert line.wire.written.endswith(b"full")
    assert line.wire.closed
    assert caplog.records == []
    line.server.connection_lost(None)
