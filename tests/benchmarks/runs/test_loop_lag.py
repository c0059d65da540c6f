import asyncio
import time

import pytest

from benchmarks.runs.loop_lag import LoopLag, watch_lag


def objection_to(lags):
    return LoopLag([(0.0, late) for late in lags]).objection()


def test_a_client_on_time_is_believed():
    assert objection_to([0.001] * 990 + [0.02] * 10) is None


def test_a_client_that_is_often_late_is_not_believed():
    assert "1 % of its wake-ups" in objection_to([0.001] * 970 + [0.015] * 30)


def test_a_client_that_was_once_very_late_is_not_believed():
    assert "80 ms late once" in objection_to([0.001] * 999 + [0.08])


def test_a_client_that_did_not_look_is_not_believed():
    assert "not measured" in objection_to([])


def test_only_lateness_while_something_was_measured_counts():
    lag = LoopLag([(1.00, 0.001), (2.00, 0.080), (3.00, 0.070), (4.00, 0.090)])
    # 1.92 … 2.00 lies before, 2.93 … 3.00 reaches into the first, 3.91 … 4.00 lies in the second.
    assert lag.during([(2.95, 3.5), (3.8, 5.0)]).samples == lag.samples[2:]
    assert lag.during([(0.0, 1.5)]).objection() is None
    assert "not measured" in lag.during([]).objection()


def blocked(length, every, seconds=30.0, interval=0.01):
    """A loop that stands still for `length` seconds in every `every`, and else is punctual."""
    lag, due = LoopLag(), interval
    while due < seconds:
        begun = due - due % every
        now = begun + length if due - begun < length and begun else due
        due = lag.look(due, now, interval)
    return lag


def test_a_client_that_is_blocked_again_and_again_is_not_believed():
    # 45 ms in every 1.5 s are 3 % of the time, but only one wake-up in 146.
    assert "1 % of its wake-ups" in blocked(0.045, 1.5).objection()
    assert blocked(0.0, 1.5).objection() is None
    assert blocked(0.012, 1.5).objection() is None


def test_every_look_that_was_missed_counts_with_its_own_lateness():
    lag = LoopLag()
    assert lag.look(1.0, 1.035, 0.01) == pytest.approx(1.04)
    assert [late for _, late in lag.samples] == pytest.approx([0.035, 0.025, 0.015, 0.005])


async def test_a_blocked_loop_is_seen_with_its_length():
    async with watch_lag() as lag:
        await asyncio.sleep(0.05)
        time.sleep(0.15)  # noqa: ASYNC251  what is planted
    worst = max(late for _, late in lag.samples)
    assert worst > 0.13
    assert lag.objection() is not None


async def test_a_block_at_the_very_end_is_seen():
    async with watch_lag() as lag:
        time.sleep(0.12)  # noqa: ASYNC251  what is planted
    assert max(late for _, late in lag.samples) > 0.1


async def test_watching_ends_with_the_context():
    before = len(asyncio.all_tasks())
    with pytest.raises(KeyError):
        async with watch_lag():
            raise KeyError
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before
