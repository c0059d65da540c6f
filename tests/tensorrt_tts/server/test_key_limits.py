import http.client
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tensorrt_tts.errors import (
    BackendError,
    CapacityError,
    RateLimitError,
    TextError,
    TTSError,
    UnknownVoiceError,
)
from tensorrt_tts.server.api_keys import digest
from tensorrt_tts.server.context import ClientGoneError
from tensorrt_tts.server.identity import NOBODY, Identity, KeyLimits
from tensorrt_tts.server.key_limits import Budget, LocalUsage
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.speech_client import ASKED, BareRequest
from tests.support.tts_client import receive


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def alice(streams: int | None = None, characters: int | None = None) -> Identity:
    return Identity("alice", "/ws/tts", KeyLimits(streams, characters))


async def speak(usage: LocalUsage, identity: Identity, characters: int = 0) -> None:
    async with usage.hold(identity, characters):
        pass


async def test_streams_at_once() -> None:
    usage, key = LocalUsage(), alice(streams=2)
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        await first.enter_async_context(usage.hold(key, 10))
        await second.enter_async_context(usage.hold(key, 10))
        with pytest.raises(RateLimitError, match="2 streams of key 'alice' wait or speak") as over:
            await speak(usage, key)
        assert over.value.retry_after == 1
        await speak(usage, Identity("bob", "", KeyLimits(1)))  # others may
        await first.aclose()
        await speak(usage, key)
    async with usage.hold(key, 1), usage.hold(key, 1):
        pass


async def test_characters_come_back_evenly() -> None:
    clock = Clock()
    usage, key = LocalUsage(clock), alice(characters=600)
    await speak(usage, key, 400)
    await speak(usage, key, 200)
    with pytest.raises(RateLimitError) as over:
        await speak(usage, key, 45)
    assert str(over.value) == (
        "text has 45 characters, and key 'alice' has 0 left of 600 a minute; try again in 5 s"
    )
    assert over.value.retry_after == 5
    clock.now += 4.4
    with pytest.raises(RateLimitError, match="has 44 left of 600 a minute; try again in 1 s"):
        await speak(usage, key, 45)
    clock.now += 0.2
    await speak(usage, key, 45)
    clock.now += 3600
    await speak(usage, key, 600)  # and no more than a minute's is kept
    with pytest.raises(RateLimitError):
        await speak(usage, key, 1)


async def test_a_text_longer_than_a_minute_s_leaves_a_debt() -> None:
    clock = Clock()
    usage, key = LocalUsage(clock), alice(characters=600)
    await speak(usage, key, 1800)
    with pytest.raises(RateLimitError, match=r"has 0 left .* again in 121 s") as over:
        await speak(usage, key, 1 + 5)
    clock.now += over.value.retry_after or 0
    await speak(usage, key, 6)
    clock.now += 60
    await speak(usage, key, 5000)


@pytest.mark.parametrize(
    "error",
    [UnknownVoiceError("nobody"), TextError("no text"), CapacityError("full"), RateLimitError("")],
)
async def test_what_was_refused_is_not_counted(error: TTSError) -> None:
    usage, key = LocalUsage(Clock()), alice(1, 100)
    for _ in range(3):
        with pytest.raises(type(error)):
            async with usage.hold(key, 100):
                raise error
    await speak(usage, key, 100)


@pytest.mark.parametrize("error", [BackendError("broke"), ClientGoneError()])
async def test_what_was_begun_is(error: Exception) -> None:
    usage, key = LocalUsage(Clock()), alice(1, 100)
    with pytest.raises(type(error)):
        async with usage.hold(key, 100):
            raise error
    with pytest.raises(RateLimitError, match="characters"):
        await speak(usage, key, 1)
    assert usage.headers(key)["X-RateLimit-Remaining-Streams"] == "1"


async def test_text_that_comes_later() -> None:
    usage, key = LocalUsage(Clock()), alice(characters=100)
    async with usage.hold(key, 60):
        await usage.charge(key, 40)
        with pytest.raises(RateLimitError):
            await usage.charge(key, 1)
    await usage.charge(alice(streams=1), 10**9)


async def test_nobody_has_no_limits() -> None:
    usage = LocalUsage(Clock())
    async with AsyncExitStack() as stack:
        for _ in range(50):
            await stack.enter_async_context(usage.hold(NOBODY, 10**9))
    assert usage.headers(NOBODY) == {}


async def test_what_answers_say() -> None:
    clock = Clock()
    usage, key = LocalUsage(clock), alice(3, 600)
    assert usage.headers(alice(streams=3)) == {
        "X-RateLimit-Limit-Streams": "3",
        "X-RateLimit-Remaining-Streams": "3",
    }
    async with usage.hold(key, 100):
        clock.now += 0.55
        assert usage.headers(key) == {
            "X-RateLimit-Limit-Streams": "3",
            "X-RateLimit-Remaining-Streams": "2",
            "X-RateLimit-Limit-Characters": "600",
            "X-RateLimit-Remaining-Characters": "505",
            "X-RateLimit-Reset-Characters": "10",
        }
    clock.now += 10
    await speak(usage, key, 2000)
    assert usage.headers(key)["X-RateLimit-Remaining-Characters"] == "0"
    clock.now += 3600
    assert usage.headers(key)["X-RateLimit-Reset-Characters"] == "0"


async def test_limits_that_change_hold_from_then_on() -> None:
    """The key file was read again."""
    usage = LocalUsage(Clock())
    await speak(usage, alice(characters=1000), 500)
    with pytest.raises(RateLimitError, match="has 0 left of 400"):
        await speak(usage, alice(characters=400), 1)
    await speak(usage, alice(characters=1000), 500)
    async with usage.hold(alice(streams=2), 0), usage.hold(alice(streams=2), 0):
        with pytest.raises(RateLimitError):
            await speak(usage, alice(streams=1))


def test_a_budget_over_time_gives_what_it_promises() -> None:
    budget, spoken, now = Budget(), 0, 0.0
    while now < 3600:
        wait = budget.take(37, 1000, now)
        spoken += 0 if wait else 37
        now += max(wait, 0.01)
    assert spoken == pytest.approx(61 * 1000, rel=0.01)


# On every route

ALICE, BOB = {"Authorization": "Bearer A"}, {"xi-api-key": "B"}
KEYS = f"alice:{digest(b'A')}, bob:{digest(b'B')} streams=unlimited characters_per_minute=unlimited"


@pytest.fixture
def server() -> Iterator[ServerThread]:
    backend = BackendDouble(behaviour=Behaviour(frames=6))
    with serving(
        backend, api_keys=KEYS, key_streams=1, key_characters_per_minute=100, max_queued=0
    ) as running:
        yield running
        running.assert_as_before()


def ask(
    server: ServerThread, headers: dict[str, str], **fields: Any
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    sent = {"Content-Type": "application/json", **headers}
    connection.request("POST", "/v1/audio/speech", json.dumps({**ASKED, **fields}), sent)
    reply = connection.getresponse()
    read = reply.read()
    connection.close()
    return reply.status, reply.headers, read


def left(headers: Any) -> tuple[str | None, ...]:
    names = ("Limit-Streams", "Remaining-Streams", "Limit-Characters", "Remaining-Characters")
    return tuple(headers.get(f"X-RateLimit-{name}") for name in names)


def test_http_is_told_what_is_left_and_when_to_come_back(server: ServerThread) -> None:
    status, headers, _ = ask(server, ALICE, input="x" * 90)
    assert (status, left(headers)) == (200, ("1", "0", "100", "10"))
    status, headers, body = ask(server, ALICE, input="y" * 60)
    error = json.loads(body)["error"]
    assert (status, error["type"], error["code"]) == (429, "rate_limit_error", "rate_limited")
    assert "text has 60 characters, and key 'alice' has 1" in error["message"]
    assert 20 <= int(headers["Retry-After"]) <= 30
    assert left(headers)[:3] == ("1", "1", "100")
    assert 45 <= int(headers["X-RateLimit-Reset-Characters"]) <= 54
    assert server.metric('tts_requests_total{outcome="rate_limited"}') == 1
    status, headers, _ = ask(server, BOB, input="z" * 400)
    assert (status, left(headers)) == (200, (None,) * 4)


@pytest.mark.parametrize("fields", [{"voice": "nobody"}, {"input": " "}, {"input": "\x07"}])
def test_mistakes_cost_no_characters(server: ServerThread, fields: dict[str, str]) -> None:
    for _ in range(3):
        assert ask(server, ALICE, **{"input": "x" * 90} | fields)[0] == 400
    assert ask(server, ALICE, input="x" * 90)[0] == 200


async def test_a_key_s_streams_are_counted_over_all_routes(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=500)
    url, text = server.url, json.dumps({"text": "Hello."})
    async with connect(url, additional_headers=ALICE, proxy=None) as first:
        assert first.response is not None
        assert left(first.response.headers)[:3] == ("1", "1", "100")
        await first.send(text)
        assert isinstance(await first.recv(), bytes)
        status, headers, body = ask(server, ALICE)
        assert (status, headers["Retry-After"]) == (429, "1")
        assert "1 streams of key 'alice' wait or speak" in json.loads(body)["error"]["message"]
        async with connect(url, additional_headers=ALICE, proxy=None) as second:
            await second.send(text)
            answer = await receive(second)
            assert (answer.code, answer.final["error"]["retry_after"]) == ("rate_limited", 1)
        with BareRequest(server.port) as unknown:
            unknown.read_some()
            assert b"401 Unauthorized" in unknown.received
        server.backend.behaviour = Behaviour(frames=4)
        assert ask(server, BOB)[0] == 200  # another's is not touched
        await first.send('{"cancel": true}')
        while isinstance(await first.recv(), bytes):
            pass
    wait_until(lambda: server.service.slots.active == 0)
    assert ask(server, ALICE)[0] == 200


async def test_a_client_that_vanishes_gives_its_stream_back(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=500)
    peer = await connect(server.url, additional_headers=ALICE, proxy=None)
    await peer.send('{"text": "Hello."}')
    assert isinstance(await peer.recv(), bytes)
    peer.transport.abort()
    wait_until(lambda: server.service.slots.active == 0)
    server.backend.behaviour = Behaviour(frames=4)
    assert ask(server, ALICE)[0] == 200


async def test_a_full_server_costs_no_characters(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=500)
    async with AsyncExitStack() as stack:
        for _ in range(4):
            peer = await stack.enter_async_context(
                connect(server.url, additional_headers=BOB, proxy=None)
            )
            await peer.send('{"text": "Hello."}')
            assert isinstance(await peer.recv(), bytes)
        status, headers, _ = ask(server, ALICE, input="x" * 100)
        assert (status, left(headers)[3]) == (503, "100")


async def test_a_refused_handshake_says_nothing_of_limits(server: ServerThread) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(server.url, proxy=None):
            pass
    assert left(refused.value.response.headers) == (None,) * 4
