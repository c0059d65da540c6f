import asyncio
import time

import pytest

from benchmarks.loop_lag import LoopLag, objection, watch_lag


def test_a_client_on_time_is_believed():
    assert objection([0.001] * 990 + [0.02] * 10) is None


def test_a_client_that_is_often_late_is_not_believed():
    assert "1 % of its wake-ups" in objection([0.001] * 970 + [0.015] * 30)


def test_a_client_that_was_once_very_late_is_not_believed():
    assert "80 ms late once" in objection([0.001] * 999 + [0.08])


def test_a_client_that_did_not_look_is_not_believed():
    assert "not measured" in objection([])


def test_only_lateness_while_something_was_measured_counts():
    lag = LoopLag([(1.00, 0.001), (2.00, 0.080), (3.00, 0.070), (4.00, 0.090)])
    # 1.92 … 2.00 lies before, 2.93 … 3.00 reaches into the first, 3.91 … 4.00 lies in the second.
    assert lag.during([(2.95, 3.5), (3.8, 5.0)]).samples == lag.samples[2:]
    assert lag.during([(0.0, 1.5)]).objection() is None
    assert "not measured" in lag.during([]).objection()


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
