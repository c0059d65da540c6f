"""How many messages a client may send. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable


class Allowance:
    """at_once: messages in a row; per_s: in the long run. clock: seconds, monotonic."""

    def __init__(
        self, at_once: int, per_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._at_once = at_once
        self._per_s = per_s
        self._clock = clock
        self._left = float(at_once)
        self._seen = clock()

    def take(self) -> bool:
        """False: one message more than is allowed."""
        now = self._clock()
        earned = (now - self._seen) * self._per_s
        self._left = min(self._at_once, self._left + earned)
        self._seen = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
