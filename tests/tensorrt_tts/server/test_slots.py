import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.errors import CapacityError
from tensorrt_tts.server.slots import MAX_RETRY_AFTER_S, Slots


class Holder:
    """A task that holds a slot until told to let go.

    served: the numbers of those who had to wait, in the order in which they got in. Who finds a
    free slot is not among them: a task that was handed its slot just now may wake up after him,
    and was still served before him.
    """

    def __init__(self, slots: Slots, served: list[int], number: int) -> None:
        self.number = number
        self.may_go = asyncio.Event()
        self.holds = False
        self._served = served
        self.task = asyncio.create_task(self._run(slots))

    async def _run(self, slots: Slots) -> None:
        must_wait = slots.active == slots.size
        assert must_wait or slots.queued == 0, "a free slot while somebody waits"
        async with slots.hold():
            self.holds = True
            if must_wait:
                self._served.append(self.number)
            try:
                await self.may_go.wait()
            finally:
                self.holds = False


@given(
    st.integers(1, 3),
    st.integers(0, 3),
    st.lists(
        st.tuples(st.sampled_from(["ask", "leave", "cancel", "turn"]), st.integers(0, 9)),
        max_size=40,
    ),
)
def test_any_order_of_events(size: int, max_queued: int, events: list[tuple[str, int]]) -> None:
    """Never more holders than slots, never a free slot while somebody waits, first come first
    served, and in the end nothing is held, whoever left in whatever moment."""

    async def scenario() -> None:
        slots, served, everyone = Slots(size, max_queued), [], []
        for event, pick in events:
            alive = [holder for holder in everyone if not holder.task.done()]
            if event == "ask":
                everyone.append(Holder(slots, served, len(everyone)))
            elif event == "leave" and alive:
                alive[pick % len(alive)].may_go.set()
            elif event == "cancel" and alive:
                alive[pick % len(alive)].task.cancel()
            else:
                # A slot may pass through all of them: who has been told to go goes at once.
                for _ in range(3 * (len(everyone) + 1)):
                    await asyncio.sleep(0)
                assert slots.active == sum(holder.holds for holder in everyone)
                assert slots.queued == 0 or slots.active == size
            assert slots.active <= size
            assert slots.queued <= max_queued
        for holder in everyone:
            holder.may_go.set()
        results = await asyncio.gather(*(h.task for h in everyone), return_exceptions=True)
        assert all(
            result is None or isinstance(result, CapacityError | asyncio.CancelledError)
            for result in results
        )
        assert served == sorted(served), "somebody was overtaken"
        assert (slots.active, slots.queued) == (0, 0)

    asyncio.run(scenario())


async def test_full_is_refused_with_a_time_to_come_back() -> None:
    clock = [0.0]
    slots = Slots(1, 0, clock=lambda: clock[0])
    async with slots.hold() as waited:
        assert waited == 0
        with pytest.raises(CapacityError, match="all 1 slots are speaking") as refused:
            async with slots.hold():
                pass
        assert refused.value.retry_after == 1  # nothing known yet
        clock[0] = 30.0
    async with slots.hold():
        assert slots.retry_after_s == 30
        clock[0] = 10_000.0
    assert slots.retry_after_s == MAX_RETRY_AFTER_S


async def test_waiting_time_is_told() -> None:
    clock = [5.0]
    slots = Slots(1, 1, clock=lambda: clock[0])

    async def second() -> float:
        async with slots.hold() as waited:
            return waited

    async with slots.hold():
        task = asyncio.create_task(second())
        await asyncio.sleep(0)
        assert slots.queued == 1
        clock[0] = 7.5
    assert await task == 2.5


async def test_cancelled_between_being_given_the_slot_and_waking_up() -> None:
    slots = Slots(1, 1)

    async def wait() -> None:
        async with slots.hold():
            pass

    async with slots.hold():
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
    task.cancel()  # its turn has come, but it has not run since
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (slots.active, slots.queued) == (0, 0)
