"""What each key has had, against what it may have: streams at once, characters in a minute.

The characters of a minute come back evenly, as into a `TokenBucket`. A text longer than what a key
may have in a minute needs all of that and leaves a debt, so that no text is too long for ever and
the limit holds in the long run.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tensorrt_tts.errors import CapacityError, InputError, RateLimitError
from tensorrt_tts.server.identity import Identity, KeyLimits

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

NO_LIMITS = KeyLimits()

STREAM_RETRY_S = 1.0
"""When a key's own streams end, only its owner knows."""


@dataclass(slots=True)
class Budget:
    """Characters that may be spoken: at most `per_minute` at once, and that many a minute. spent:
    of them, at `at`, in seconds of whatever clock; more than `per_minute` is a debt."""

    spent: float = 0.0
    at: float = 0.0

    def left(self, per_minute: int, now: float) -> float:
        self.spent = max(0.0, self.spent - (now - self.at) * per_minute / 60)
        self.at = now
        return per_minute - self.spent

    def take(self, characters: int, per_minute: int, now: float) -> float:
        """Seconds until there will be as many; 0: they are taken."""
        missing = min(characters, per_minute) - self.left(per_minute, now)
        if missing > 0:
            return missing * 60 / per_minute
        self.spent += characters
        return 0.0


@dataclass(slots=True)
class Usage:
    """Of one key."""

    streams: int = 0
    budget: Budget = field(default_factory=Budget)

    def headers(self, limits: KeyLimits, now: float) -> dict[str, str]:
        told: dict[str, int] = {}
        if limits.streams is not None:
            told["Limit-Streams"] = limits.streams
            told["Remaining-Streams"] = max(0, limits.streams - self.streams)
        per_minute = limits.characters_per_minute
        if per_minute is not None:
            left = self.budget.left(per_minute, now)
            told["Limit-Characters"] = per_minute
            told["Remaining-Characters"] = max(0, math.floor(left))
            told["Reset-Characters"] = math.ceil((per_minute - left) * 60 / per_minute)
        return {f"X-RateLimit-{name}": str(value) for name, value in told.items()}


class KeyUsage(Protocol):
    """Of all keys."""

    def hold(self, identity: Identity, characters: int) -> AbstractAsyncContextManager[None]:
        """A stream of the key's, for the block, that speaks so many characters. What is refused
        inside, before it has spoken, gives them back.

        Raises RateLimitError for one stream or one text more than the key may have.
        """
        ...

    async def charge(self, identity: Identity, characters: int) -> None:
        """For text that comes while the block goes on. Raises RateLimitError."""
        ...

    def headers(self, identity: Identity) -> dict[str, str]:
        """What an answer says about them. Nothing without limits."""
        ...

    async def close(self) -> None: ...


class LocalUsage:
    """Of this process. clock: seconds, monotonic. All methods belong to one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._usage: defaultdict[str, Usage] = defaultdict(Usage)

    @asynccontextmanager
    async def hold(self, identity: Identity, characters: int) -> AsyncIterator[None]:
        if identity.limits == NO_LIMITS:
            yield
            return
        usage = self._usage[identity.key]
        if usage.streams >= (identity.limits.streams or math.inf):
            raise too_many_streams(identity, usage.streams)
        self._charge(identity, characters)
        usage.streams += 1
        try:
            yield
        except (InputError, CapacityError):
            usage.budget.spent -= characters
            raise
        finally:
            usage.streams -= 1

    async def charge(self, identity: Identity, characters: int) -> None:
        self._charge(identity, characters)

    def _charge(self, identity: Identity, characters: int) -> None:
        per_minute = identity.limits.characters_per_minute
        if per_minute is None:
            return
        budget, now = self._usage[identity.key].budget, self._clock()
        wait = budget.take(characters, per_minute, now)
        if wait:
            raise too_many_characters(identity, characters, budget.left(per_minute, now), wait)

    def headers(self, identity: Identity) -> dict[str, str]:
        usage = self._usage.get(identity.key, Usage())
        return usage.headers(identity.limits, self._clock())

    async def close(self) -> None:
        return


def too_many_streams(identity: Identity, streams: int) -> RateLimitError:
    return RateLimitError(
        f"{streams} streams of key {identity.key!r} wait or speak, the most it may have; wait for "
        f"one to end, and try again in {STREAM_RETRY_S:g} s",
        retry_after=STREAM_RETRY_S,
    )


def too_many_characters(
    identity: Identity, characters: int, left: float, wait_s: float
) -> RateLimitError:
    per_minute, wait = identity.limits.characters_per_minute, max(1, math.ceil(wait_s))
    return RateLimitError(
        f"text has {characters} characters, and key {identity.key!r} has "
        f"{max(0, math.floor(left))} left of {per_minute} a minute; try again in {wait} s",
        retry_after=wait,
    )
