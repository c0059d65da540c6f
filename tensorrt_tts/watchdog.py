"""The one place that decides that something hangs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

Since = Callable[[], float | None]
"""When something began to be waited for (`time.monotonic()`), or None while nothing is."""


class Watchdog:
    """Says once when something that is waited for has not come for `limit_s`.

    A watch beside whoever waits, not a timeout in it: what hangs may not let itself be cancelled,
    and the listener has to know all the same.
    """

    def __init__(self, limit_s: float, on_stall: Callable[[str], None]) -> None:
        """on_stall: called in the running event loop with what did not come."""
        self.limit_s = limit_s
        self._on_stall = on_stall
        self._watched: dict[str, Since] = {}
        self._timer = asyncio.get_running_loop().call_later(limit_s, self._check)

    def watch(self, what: str, since: Since) -> None:
        """Until `forget`."""
        self._watched[what] = since

    def forget(self, what: str) -> None:
        self._watched.pop(what, None)

    @staticmethod
    def now() -> float:
        """The time that `Since` is told in."""
        return time.monotonic()

    def cancel(self) -> None:
        self._timer.cancel()

    def _check(self) -> None:
        now = time.monotonic()
        oldest = now
        for what, since in self._watched.items():
            began = since()
            if began is not None and now - began >= self.limit_s:
                self._on_stall(what)
                return
            oldest = min(oldest, now if began is None else began)
        rest = max(0.001, self.limit_s - (now - oldest))
        self._timer = asyncio.get_running_loop().call_later(rest, self._check)
