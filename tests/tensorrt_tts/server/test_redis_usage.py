"""Several servers that count together, on a real Redis."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tensorrt_tts.errors import (
    CapacityError,
    MissingDependencyError,
    RateLimitError,
    SettingError,
    TextError,
)
from tensorrt_tts.server import redis_usage
from tensorrt_tts.server.api_keys import digest
from tensorrt_tts.server.identity import NOBODY, Identity, KeyLimits
from tensorrt_tts.server.redis_usage import RETRY_S, RedisUsage, open_redis
from tests.support.redis_server import RedisServer, find_redis
from tests.support.server_thread import serving, wait_until
from tests.support.speech_client import ASKED, send

pytest.importorskip("redis")

needs_redis = pytest.mark.skipif(
    find_redis() is None, reason="needs Redis (apt install redis-server)"
)


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def shared() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@asynccontextmanager
async def usages(
    redis: RedisServer, count: int = 2, lease_s: float = 60, clock: Clock | None = None
) -> AsyncIterator[list[RedisUsage]]:
    """As many servers."""
    servers = [RedisUsage(redis.url, clock or Clock(), lease_s) for _ in range(count)]
    try:
        yield servers
    finally:
        for server in servers:
            await server.close()


_names = iter(range(10**6))


def a_key(streams: int | None = None, characters: int | None = None) -> Identity:
    """A new one: all tests share one Redis."""
    return Identity(f"key-{next(_names)}", "/ws/tts", KeyLimits(streams, characters))


async def speak(usage: RedisUsage, key: Identity, characters: int = 0) -> None:
    async with usage.hold(key, characters):
        pass


@needs_redis
async def test_streams_are_counted_together(shared: RedisServer) -> None:
    key = a_key(streams=2)
    async with usages(shared) as (one, other), AsyncExitStack() as first:
        await first.enter_async_context(one.hold(key, 5))
        async with other.hold(key, 5):
            for usage in (one, other):
                with pytest.raises(
                    RateLimitError, match=r"2 streams of key 'key-.*' wait or speak"
                ):
                    await speak(usage, key)
            assert other.headers(key)["X-RateLimit-Remaining-Streams"] == "0"
        await first.aclose()
        async with one.hold(key, 1), other.hold(key, 1):
            pass
        assert one.headers(key)["X-RateLimit-Remaining-Streams"] == "2"
        await speak(one, a_key(streams=1))


@needs_redis
async def test_characters_are_counted_together(shared: RedisServer) -> None:
    key = a_key(characters=60_000)
    async with usages(shared) as (one, other):
        await speak(one, key, 40_000)
        await speak(other, key, 19_000)
        assert 1000 <= int(other.headers(key)["X-RateLimit-Remaining-Characters"]) < 60_000
        with pytest.raises(
            RateLimitError, match=r"text has 60000 characters, and .* a minute; try"
        ):
            await speak(one, key, 60_000)
        await other.charge(key, 900)
        with pytest.raises(RateLimitError) as over:
            await one.charge(key, 60_000)
        assert 30 < (over.value.retry_after or 0) <= 60


@needs_redis
async def test_characters_come_back(shared: RedisServer) -> None:
    """By Redis's own clock."""
    key = a_key(characters=1000)
    async with usages(shared, 1) as (usage,):
        await speak(usage, key, 1000)
        with pytest.raises(RateLimitError):
            await speak(usage, key, 400)
        budget = f"tts:{{{key.key}}}:budget"
        await usage._redis.hincrbyfloat(budget, "at", -30)  # half a minute passes
        await speak(usage, key, 400)
        with pytest.raises(RateLimitError):
            await speak(usage, key, 400)


@needs_redis
async def test_a_long_text_leaves_a_debt(shared: RedisServer) -> None:
    key = a_key(characters=1000)
    async with usages(shared) as (one, other):
        await speak(one, key, 3000)
        with pytest.raises(RateLimitError) as over:
            await speak(other, key, 1)
        assert 100 < (over.value.retry_after or 0) <= 121
        assert other.headers(key)["X-RateLimit-Remaining-Characters"] == "0"


@needs_redis
@pytest.mark.parametrize("error", [TextError("none"), CapacityError("full")])
async def test_what_was_refused_is_not_counted(
    shared: RedisServer, error: TextError | CapacityError
) -> None:
    key = a_key(1, 1000)
    async with usages(shared) as (one, other):
        for usage in (one, other, one):
            with pytest.raises(type(error)):
                async with usage.hold(key, 1000):
                    raise error
        await speak(other, key, 1000)


@needs_redis
async def test_without_limits_it_is_not_asked(shared: RedisServer) -> None:
    async with usages(shared, 1) as (usage,):
        await speak(usage, NOBODY, 10**9)
        await usage.charge(NOBODY, 10**9)
        assert usage.headers(NOBODY) == {}
        assert usage._redis.connection_pool._available_connections == []


@needs_redis
async def test_a_server_that_vanishes_gives_its_streams_back(shared: RedisServer) -> None:
    key = a_key(streams=1)
    streams = f"tts:{{{key.key}}}:streams"
    async with usages(shared) as (one, other), one.hold(key, 1):
        with pytest.raises(RateLimitError):
            await speak(other, key)
        ((member, until),) = await one._redis.zrange(streams, 0, -1, withscores=True)
        seconds, _ = await one._redis.time()
        assert seconds + 60 <= until + 1
        await one._redis.zadd(streams, {member: seconds - 1})  # nobody has renewed it
        await speak(other, key)


@needs_redis
async def test_a_stream_that_goes_on_is_renewed(shared: RedisServer) -> None:
    key = a_key(streams=1)
    streams = f"tts:{{{key.key}}}:streams"
    async with usages(shared, 1, lease_s=1) as (usage,):
        async with usage.hold(key, 1):
            ((member, first),) = await usage._redis.zrange(streams, 0, -1, withscores=True)
            while await usage._redis.zscore(streams, member) == first:
                pass
            assert await usage._redis.zscore(streams, member) > first
        assert await usage._redis.exists(streams) == 0


@needs_redis
async def test_a_cancel_before_the_answer_holds_nothing(shared: RedisServer) -> None:
    key = a_key(streams=1)
    async with usages(shared) as (one, other):
        await speak(one, key)  # connected
        for turns in range(6):
            task = asyncio.create_task(speak(one, key))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            await speak(other, key)


# Without Redis


async def test_while_it_is_away_each_counts_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    if find_redis() is None:
        pytest.skip("needs Redis")
    key, clock = a_key(1, 1000), Clock()
    caplog.set_level(logging.INFO)
    with RedisServer() as redis:
        async with usages(redis, clock=clock) as (one, other):
            await speak(one, key, 100)
            redis.end()
            async with one.hold(key, 400):
                async with other.hold(key, 400):
                    pass
                for _ in range(3):
                    with pytest.raises(RateLimitError, match="1 streams of key"):
                        await speak(one, key)
            with pytest.raises(RateLimitError, match="text has 700 characters"):
                await speak(one, key, 700)
            assert one.headers(key)["X-RateLimit-Remaining-Characters"] == "600"
            assert caplog.text.count("Redis does not answer, keys are counted here") == 2
            redis.start()
            clock.now += RETRY_S
            async with one.hold(key, 1):
                assert caplog.text.count("Redis answers again") == 1
                with pytest.raises(RateLimitError, match="1 streams of key"):
                    await speak(other, key)


async def test_one_that_hangs_holds_up_nobody_for_long(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if find_redis() is None:
        pytest.skip("needs Redis")
    monkeypatch.setattr(redis_usage, "TIMEOUT_S", 0.05)
    key = a_key(streams=1)
    with RedisServer() as redis:
        async with usages(redis, 1) as (usage,):
            await speak(usage, key)
            redis.pause()
            for _ in range(20):  # only the first waits
                await speak(usage, key)
            assert caplog.text.count("Redis does not answer") == 1


def test_what_is_no_address() -> None:
    unknown = ("redis://host/0?colour=red", "unix:///host?colour=red", "redis://host?protocol=7")
    for url in ("", "host:6379", "http://host", "redis://host:port", *unknown):
        with pytest.raises(
            SettingError, match="redis_url is not the address of a Redis"
        ) as refused:
            open_redis(url)
        assert "host" not in str(refused.value).partition("use one such as")[0]


def test_an_address_does_not_undo_what_is_relied_on() -> None:
    redis = open_redis("redis://host/3?decode_responses=False&socket_timeout=900")
    options = redis.connection_pool.connection_kwargs
    assert (options["db"], options["decode_responses"], options["socket_timeout"]) == (3, True, 0.5)


def test_without_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'tensorrt-tts\[redis\]'"):
        open_redis("redis://host")


@needs_redis
def test_two_servers(shared: RedisServer) -> None:
    keys = f"carol:{digest(b'C')} characters_per_minute=10"
    content = b'{"model": "tts-1", "voice": "alloy", "input": "Hello."}'
    assert ASKED["input"] == "Hello."
    with (
        serving(api_keys=keys, redis_url=shared.url) as one,
        serving(api_keys=keys, redis_url=shared.url) as other,
    ):
        replies = [
            send(server.port, content, headers={"X-API-Key": "C"}) for server in (one, other)
        ]
        assert [reply.status for reply in replies] == [200, 429]
        wait_until(lambda: one.service.slots.active == 0)
        assert replies[0].headers["x-ratelimit-remaining-characters"] == "4"
