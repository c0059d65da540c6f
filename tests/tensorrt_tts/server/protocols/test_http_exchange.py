"""One HTTP exchange against an ASGI server that says and does what the test wants."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tensorrt_tts.errors import InputError, MessageTooBigError, SlowReaderError
from tensorrt_tts.server.context import ClientGoneError
from tensorrt_tts.server.protocols.http_exchange import HttpExchange


def body(content: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": content, "more_body": more}


GONE: dict[str, Any] = {"type": "http.disconnect"}


class Peer:
    """receives: what comes from the client; then nothing more. send: what the server does."""

    def __init__(
        self, *receives: dict[str, Any], send: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._receives = list(receives)
        self._act = send
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> Any:
        if not self._receives:
            await asyncio.Event().wait()
        return self._receives.pop(0)

    async def send(self, message: Any) -> None:
        if self._act is not None:
            await self._act()
        self.sent.append(message)


def exchange(peer: Peer, timeout_s: float = 60.0) -> HttpExchange:
    return HttpExchange(peer.receive, peer.send, timeout_s)


async def test_http_1_0_is_sent_all_at_the_end_under_its_length() -> None:
    peer = Peer()
    old = HttpExchange(peer.receive, peer.send, 60.0, chunks=False)
    for part in (b"ab", b"", b"c"):  # as whoever speaks does, before each of its chunks
        await old.start(200, {"Content-Type": "audio/pcm"})
        await old.send(part)
        assert (old.started, peer.sent) == (False, [])
    await old.finish(b"d")
    head, said = peer.sent
    assert dict(head["headers"]) == {b"content-type": b"audio/pcm", b"content-length": b"4"}
    assert (head["status"], said["body"], said["more_body"]) == (200, b"abcd", False)


async def test_http_1_0_what_was_whole_already_keeps_its_length() -> None:
    peer = Peer()
    old = HttpExchange(peer.receive, peer.send, 60.0, chunks=False)
    await old.start(200, {"Content-Length": "2"})
    await old.finish(b"ab")
    assert dict(peer.sent[0]["headers"]) == {b"content-length": b"2"}
    assert [message["type"].rpartition(".")[2] for message in peer.sent] == ["start", "body"]


async def test_a_body_in_pieces() -> None:
    peer = Peer(body(b"a"), body(b""), body(b"bc"), body(b"", more=False), GONE)
    told = exchange(peer)
    assert await told.read(3) == b"abc"
    await told.gone()


async def test_a_body_that_is_too_long_is_read_to_its_end() -> None:
    peer = Peer(body(b"ab"), body(b"cd"), body(b"ef", more=False), GONE)
    told = exchange(peer)
    with pytest.raises(MessageTooBigError, match="longer than 3 bytes"):
        await told.read(3)
    assert await peer.receive() == GONE
    assert not told.given_up


async def test_but_no_further_than_is_right() -> None:
    piece = body(bytes(2**20))
    peer = Peer(*[piece] * 40)
    told = exchange(peer)
    with pytest.raises(MessageTooBigError, match="longer than 3 bytes"):
        await told.read(3)
    assert told.given_up
    assert await peer.receive() == piece


async def test_nor_longer() -> None:
    told = exchange(Peer(body(b"abcd")), timeout_s=0.01)
    with pytest.raises(MessageTooBigError, match="longer than 3 bytes"):
        await told.read(3)
    assert told.given_up


async def test_a_client_that_leaves_before_its_body_is_there() -> None:
    with pytest.raises(ClientGoneError):
        await exchange(Peer(body(b"a"), GONE)).read(3)


async def test_a_body_that_does_not_come() -> None:
    with pytest.raises(InputError, match=r"did not come within 0\.01 s; send all") as raised:
        await exchange(Peer(body(b"a")), 0.01).read(3)
    assert raised.value.http_status == 408
    assert InputError.http_status == 400


async def test_an_answer() -> None:
    peer = Peer()
    told = exchange(peer)
    assert not told.started
    await told.start(200, {"X-A": "b"})
    assert told.started
    await told.send(b"")
    await told.send(b"one")
    await told.finish(b"two")
    assert peer.sent == [
        {"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"b")]},
        {"type": "http.response.body", "body": b"one", "more_body": True},
        {"type": "http.response.body", "body": b"two", "more_body": False},
    ]


@pytest.mark.parametrize("how", ["start", "send", "finish"])
async def test_a_client_that_takes_nothing(how: str) -> None:
    async def full() -> None:
        await asyncio.Event().wait()

    told = exchange(Peer(send=full), 0.01)
    with pytest.raises(SlowReaderError, match=r"took no data for 0\.01 s; read faster"):
        await act(told, how)
    assert not told.started


@pytest.mark.parametrize("how", ["start", "send", "finish"])
async def test_a_server_that_says_that_nobody_is_left(how: str) -> None:
    async def closed() -> None:
        raise OSError("closed")

    with pytest.raises(ClientGoneError):
        await act(exchange(Peer(send=closed)), how)


async def act(told: HttpExchange, how: str) -> None:
    await {
        "start": lambda: told.start(200, {}),
        "send": lambda: told.send(b"a"),
        "finish": lambda: told.finish(),
    }[how]()
