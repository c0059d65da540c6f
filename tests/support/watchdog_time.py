"""The watchdog's clock and timer, moved by the test."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from tensorrt_tts import watchdog


class WatchdogTime:
    """One watchdog at a time: there is one timer."""

    @classmethod
    def install(cls, monkeypatch: pytest.MonkeyPatch) -> WatchdogTime:
        """For watchdogs made from now on."""
        time = cls()
        monkeypatch.setattr(watchdog, "time", time)
        monkeypatch.setattr(watchdog, "asyncio", SimpleNamespace(get_running_loop=lambda: time))
        return time

    def __init__(self) -> None:
        self.now = 1000.0
        self.due: float | None = None
        self._call: Callable[[], None]

    def monotonic(self) -> float:
        return self.now

    def call_later(self, delay: float, call: Callable[[], None]) -> WatchdogTime:
        self.due, self._call = self.now + delay, call
        return self

    def cancel(self) -> None:
        self.due = None

    def advance(self, seconds: float) -> None:
        until = self.now + seconds
        while self.due is not None and self.due <= until:
            self.now, self.due = self.due, None
            self._call()
        self.now = until
