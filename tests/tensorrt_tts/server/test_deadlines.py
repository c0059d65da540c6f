"""What is awaited under a deadline, and what it costs where nothing is waited for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tensorrt_tts.server.deadlines import within

LONG_S = 60.0


class Sending:
    """Waits for as many events, and notes what it goes through."""

    def __init__(self, *events: asyncio.Event, fails: Exception | None = None) -> None:
        self.events, self.fails = events, fails
        self.steps: list[Any] = []

    async def __call__(self) -> None:
        try:
            for event in self.events:
                await event.wait()
                self.steps.append("came")
            if self.fails is not None:
                raise self.fails
        except asyncio.CancelledError:
            self.steps.append("cancelled")
            await asyncio.sleep(0)  # it has something to put away
            self.steps.append("put away")
            raise


def told(*, already: bool) -> asyncio.Event:
    event = asyncio.Event()
    if already:
        event.set()
    return event


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_nothing_to_wait_for_makes_no_timer(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncio, "timeout", None)
    sending = Sending(*(told(already=True) for _ in range(count)))
    await within(LONG_S, sending())
    assert sending.steps == ["came"] * count


@pytest.mark.parametrize("already", [True, False])
async def test_it_goes_on_as_often_as_it_waits(already: bool) -> None:
    events = [told(already=already), told(already=False), told(already=False)]
    sending = Sending(*events)
    task = asyncio.create_task(within(LONG_S, sending()))
    for event in events:
        await asyncio.sleep(0)
        assert not task.done()
        event.set()
    await task
    assert sending.steps == ["came"] * 3


@pytest.mark.parametrize("already", [True, False])
async def test_what_it_raises_is_raised(already: bool) -> None:
    event = told(already=already)
    task = asyncio.create_task(within(LONG_S, Sending(event, fails=OSError("gone"))()))
    await asyncio.sleep(0)
    event.set()
    with pytest.raises(OSError, match="gone"):
        await task


async def test_what_takes_too_long_is_cancelled_and_waited_for() -> None:
    sending = Sending(told(already=False))
    with pytest.raises(TimeoutError):
        await within(0.01, sending())
    assert sending.steps == ["cancelled", "put away"]


@pytest.mark.parametrize("waits", [1, 2])
async def test_who_is_cancelled_meanwhile_hears_of_it(waits: int) -> None:
    events = [told(already=index + 1 < waits) for index in range(waits)]
    sending = Sending(*events)
    task = asyncio.create_task(within(LONG_S, sending()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sending.steps[-2:] == ["cancelled", "put away"]


async def test_a_future_may_be_sent_too() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(within(LONG_S, future))
    await asyncio.sleep(0)
    future.set_result(None)
    await task
