"""Who may speak now: a fixed number of slots and a bounded queue in front of them.

A slot stands for one stream's place in the engine. What does not fit in the queue is refused at
once: a listener who hears "busy" in a millisecond can go elsewhere, one who waits a minute cannot.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tensorrt_tts.errors import CapacityError

MAX_RETRY_AFTER_S = 120
"""OpenAI's client does not retry when told to wait longer."""

_RECENT = 0.2
"""Weight of the newest hold in the running mean behind Retry-After."""


class Slots:
    """size: holders at once. max_queued: waiting at most, served first come, first served.

    clock: seconds, monotonic. All methods belong to one event loop.
    """

    def __init__(
        self, size: int, max_queued: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.size = size
        self.max_queued = max_queued
        self.active = 0
        self._clock = clock
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._mean_hold_s = 0.0

    @property
    def queued(self) -> int:
        return sum(not turn.done() for turn in self._waiting)

    @property
    def retry_after_s(self) -> int:
        """Whole seconds until a place is likely to be free, from how long recent holds took."""
        wait = self._mean_hold_s * (self.queued + 1) / self.size
        return min(MAX_RETRY_AFTER_S, max(1, math.ceil(wait)))

    def refuse_if_full(self) -> None:
        """Raises CapacityError when `hold` would."""
        if self.active < self.size or self.queued < self.max_queued:
            return
        wait = self.retry_after_s
        raise CapacityError(
            f"all {self.size} slots are speaking and {self.queued} requests wait; "
            f"try again in {wait} s",
            retry_after=wait,
        )

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[float]:
        """Hold a slot for the block; gives the seconds spent waiting for it.

        Raises CapacityError at once when the queue is full.
        """
        asked = self._clock()
        await self._enter()
        began = self._clock()
        try:
            yield began - asked
        finally:
            self._note(self._clock() - began)
            self._leave()

    async def _enter(self) -> None:
        if self.active < self.size:
            self.active += 1
            return
        self.refuse_if_full()
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # given the slot, and cancelled before it could wake up
                self._leave()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise

    def _leave(self) -> None:
        """Hand the slot to the first who still waits: nobody who comes later can slip in."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # else cancelled, and about to notice
                turn.set_result(None)
                return
        self.active -= 1

    def _note(self, held_s: float) -> None:
        weight = _RECENT if self._mean_hold_s else 1.0
        self._mean_hold_s += weight * (held_s - self._mean_hold_s)
