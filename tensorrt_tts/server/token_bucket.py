"""How many messages a client may send. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable


class TokenBucket:
    """burst: messages in a row; per_s: in the long run. clock: seconds, monotonic."""

    def __init__(
        self, burst: int, per_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._per_s = per_s
        self._clock = clock
        self._tokens = float(burst)
        self._filled_at = clock()

    def take(self) -> bool:
        """False: one message more than is allowed."""
        now = self._clock()
        earned = (now - self._filled_at) * self._per_s
        self._tokens = min(self._burst, self._tokens + earned)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
