"""What each key has had of several servers, counted in Redis.

A stream is a member of a sorted set whose score says until when it counts; whoever holds it renews
that, so that a server which vanishes gives its streams back. Time is Redis's own.

While Redis does not answer, each server counts for itself: nobody is refused because of it, and no
key is without limits.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tensorrt_tts.errors import CapacityError, InputError, SettingError, needs, reason
from tensorrt_tts.server.identity import Identity
from tensorrt_tts.server.key_limits import (
    NO_LIMITS,
    Budget,
    LocalUsage,
    Usage,
    too_many_characters,
    too_many_streams,
)

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

LEASE_S = 60
"""How long a stream counts whose server has vanished."""

TIMEOUT_S = 0.5
"""For an answer of Redis, on the way to a slot."""

RETRY_S = 5.0
"""How long Redis is left alone that did not answer."""

_BEGIN = """
local streams, per_minute, characters = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local member, lease = ARGV[4], tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local held, spent = redis.call('ZCARD', KEYS[1]), 0
if member ~= '' and streams > 0 and held >= streams then
  return {'streams', tostring(held), '0'}
end
if per_minute > 0 then
  local budget = redis.call('HMGET', KEYS[2], 'spent', 'at')
  local since = now - tonumber(budget[2] or now)
  spent = math.max(0, tonumber(budget[1] or 0) - since * per_minute / 60)
  if math.min(characters, per_minute) > per_minute - spent then
    return {'characters', tostring(held), tostring(spent)}
  end
  spent = spent + characters
  redis.call('HSET', KEYS[2], 'spent', tostring(spent), 'at', string.format('%.6f', now))
  redis.call('EXPIRE', KEYS[2], math.ceil(spent * 60 / per_minute) + 60)
end
if member ~= '' then
  redis.call('ZADD', KEYS[1], now + lease, member)
  redis.call('EXPIRE', KEYS[1], 2 * lease)
  held = held + 1
end
return {'', tostring(held), tostring(spent)}
"""

_RENEW = """
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', time[1] + time[2] / 1000000 + ARGV[2], ARGV[1])
return redis.call('EXPIRE', KEYS[1], 2 * ARGV[2])
"""


def open_redis(url: str) -> Redis:
    """Connects to nothing yet. Raises SettingError, which does not show the address, and
    MissingDependencyError."""
    with needs("--redis-url needs a client; pip install 'tensorrt-tts[redis]'"):
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import RedisError
    ours = {
        "decode_responses": True,
        "socket_timeout": TIMEOUT_S,
        "socket_connect_timeout": TIMEOUT_S,
        "retry": Retry(NoBackoff(), 0),
    }
    try:
        redis = Redis.from_url(url)
        redis.connection_pool.connection_kwargs.update(ours)  # whatever the address says of them
        redis.connection_pool.make_connection()  # takes its options, and does not connect
        return redis
    except (ValueError, TypeError, RedisError) as error:
        raise SettingError(
            "redis_url is not the address of a Redis; use one such as redis://host:6379/0, or "
            "rediss:// with TLS"
        ) from error


class RedisUsage:
    """A `KeyUsage`. Raises as `open_redis`. clock: seconds, monotonic."""

    def __init__(
        self,
        url: str,
        clock: Callable[[], float] = time.monotonic,
        lease_s: float = LEASE_S,
    ) -> None:
        from redis.exceptions import RedisError

        self._redis = open_redis(url)
        self._begin = self._redis.register_script(_BEGIN)
        self._renew = self._redis.register_script(_RENEW)
        self._failures = (RedisError, OSError, TimeoutError)
        self._clock = clock
        self._lease_s = lease_s
        self._local = LocalUsage(clock)
        self._seen: dict[str, Usage] = {}
        self._away_until: float | None = None

    @asynccontextmanager
    async def hold(self, identity: Identity, characters: int) -> AsyncIterator[None]:
        if identity.limits == NO_LIMITS:
            yield
            return
        member = uuid.uuid4().hex
        taking = asyncio.create_task(self._take(identity, characters, member), name="take")
        try:
            if not await asyncio.shield(taking):
                async with self._local.hold(identity, characters):
                    yield
                return
            ended = asyncio.Event()
            keep = asyncio.create_task(self._keep(identity, member, ended), name="keep")
            try:
                yield
            except (InputError, CapacityError):
                await self._give_back(identity, characters)
                raise
            finally:
                ended.set()
                await asyncio.gather(keep, return_exceptions=True)
                seen = self._seen[identity.key]
                seen.streams = max(0, seen.streams - 1)
        finally:  # also where a cancel came before the answer: a question cannot be taken back
            await asyncio.gather(taking, return_exceptions=True)
            await self._ask(self._redis.zrem, _names(identity)[0], member)

    async def charge(self, identity: Identity, characters: int) -> None:
        if identity.limits.characters_per_minute is None:
            return
        if not await self._take(identity, characters, ""):
            await self._local.charge(identity, characters)

    def headers(self, identity: Identity) -> dict[str, str]:
        if self._away_until is not None:
            return self._local.headers(identity)
        usage = self._seen.get(identity.key, Usage())
        return usage.headers(identity.limits, self._clock())

    async def close(self) -> None:
        await self._redis.aclose()

    async def _take(self, identity: Identity, characters: int, member: str) -> bool:
        """False: Redis does not answer. Raises RateLimitError."""
        limits = identity.limits
        per_minute = limits.characters_per_minute or 0
        asked = [limits.streams or 0, per_minute, characters, member, self._lease_s]
        answer = await self._ask(self._begin, keys=_names(identity), args=asked)
        if answer is None:
            return False
        refused, held, spent = answer[0], int(answer[1]), float(answer[2])
        now = self._clock()
        budget = Budget(spent, now)
        if refused == "streams":
            raise too_many_streams(identity, held)
        self._seen[identity.key] = Usage(held, budget)
        if refused:
            wait = budget.take(characters, per_minute, now)
            raise too_many_characters(identity, characters, per_minute - spent, wait)
        return True

    async def _give_back(self, identity: Identity, characters: int) -> None:
        if identity.limits.characters_per_minute is not None:
            self._seen[identity.key].budget.spent -= characters
            await self._ask(self._redis.hincrbyfloat, _names(identity)[1], "spent", -characters)

    async def _keep(self, identity: Identity, member: str, ended: asyncio.Event) -> None:
        """Never cancelled: the client would leave its connection half open."""
        asked = {"keys": _names(identity)[:1], "args": [member, self._lease_s]}
        while not ended.is_set():
            try:
                async with asyncio.timeout(self._lease_s / 3):
                    await ended.wait()
            except TimeoutError:
                await self._ask(self._renew, **asked)

    async def _ask(self, ask: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """None where Redis does not answer, which is logged once, and for a while is not asked."""
        if self._away_until is not None and self._clock() < self._away_until:
            return None
        try:
            async with asyncio.timeout(2 * TIMEOUT_S):
                answer = await ask(*arguments, **named)
        except self._failures as error:
            if self._away_until is None:
                logger.error("Redis does not answer, keys are counted here: %s", reason(error))
            self._away_until = self._clock() + RETRY_S
            return None
        if self._away_until is not None:
            logger.info("Redis answers again")
            self._away_until = None
        return answer


def _names(identity: Identity) -> list[str]:
    """Both in one slot of a cluster."""
    return [f"tts:{{{identity.key}}}:streams", f"tts:{{{identity.key}}}:budget"]
