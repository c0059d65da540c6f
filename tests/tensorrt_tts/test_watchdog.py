from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tensorrt_tts.watchdog import Watchdog
from tests.support.watchdog_time import WatchdogTime


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> WatchdogTime:
    return WatchdogTime.install(monkeypatch)


@contextmanager
def waiting_for(dog: Watchdog, what: str) -> Iterator[None]:
    began = dog.now()
    dog.watch(what, lambda: began)
    try:
        yield
    finally:
        dog.forget(what)


@pytest.fixture
def said() -> list[str]:
    return []


async def test_what_comes_in_time_is_not_spoken_of(time: WatchdogTime, said: list[str]) -> None:
    dog = Watchdog(10.0, said.append)
    for _ in range(20):
        with waiting_for(dog, "token"):
            time.advance(9.9)
    assert said == []


async def test_what_does_not_come_is_named_once(time: WatchdogTime, said: list[str]) -> None:
    dog = Watchdog(10.0, said.append)
    time.advance(7.0)
    with waiting_for(dog, "token"):
        time.advance(9.99)
        assert said == []
        time.advance(0.02)
        assert said == ["token"]
        time.advance(1000.0)
    assert said == ["token"]


async def test_nothing_hangs_while_nothing_is_due(time: WatchdogTime, said: list[str]) -> None:
    dog = Watchdog(10.0, said.append)
    dog.watch("audio", lambda: None)
    time.advance(1000.0)
    dog.forget("audio")
    dog.forget("audio")
    time.advance(1000.0)
    assert said == []


async def test_only_the_present_wait_counts(time: WatchdogTime, said: list[str]) -> None:
    """A wait that was broken off, by a pause or by what came, begins anew."""
    since: float | None = time.now
    dog = Watchdog(10.0, said.append)
    dog.watch("audio", lambda: since)
    time.advance(9.0)
    since = None
    time.advance(100.0)
    since = time.now
    time.advance(9.9)
    assert said == []
    time.advance(0.2)
    assert said == ["audio"]


async def test_each_of_several_is_watched(time: WatchdogTime, said: list[str]) -> None:
    dog = Watchdog(10.0, said.append)
    began = time.now
    dog.watch("audio", lambda: began)
    for _ in range(3):
        with waiting_for(dog, "token"):
            time.advance(3.0)
    time.advance(1.1)
    assert said == ["audio"]


async def test_a_wait_that_fails_is_over(time: WatchdogTime, said: list[str]) -> None:
    dog = Watchdog(10.0, said.append)
    with pytest.raises(ValueError, match="broken"), waiting_for(dog, "token"):
        raise ValueError("broken")
    time.advance(1000.0)
    assert said == []


async def test_cancelled_it_says_nothing(time: WatchdogTime, said: list[str]) -> None:
    dog = Watchdog(10.0, said.append)
    with waiting_for(dog, "token"):
        dog.cancel()
        time.advance(1000.0)
    assert said == []
