import random

import pytest

from benchmarks.host.soak import GAUGES, MIB
from benchmarks.host.trend import trend

MEMORY, DESCRIPTORS, TASKS = GAUGES


def samples(value):
    return [(float(second), value(second)) for second in range(60)]


def noisy(level, rise=0.0, spread=3.0):
    draw = random.Random(1)
    return samples(lambda second: level + rise * second / 60 + draw.uniform(-spread, spread))


@pytest.mark.parametrize("gauge", [DESCRIPTORS, TASKS])
@pytest.mark.parametrize("level", [30, 300])
def test_what_goes_up_and_down_is_flat(gauge, level):
    found = trend(gauge, noisy(level), before=16, after=16)
    assert found.objection is None
    assert found.mean == pytest.approx(level, abs=2)
    assert found.highest <= level + 3


@pytest.mark.parametrize(
    ("gauge", "level", "rise"),
    [
        (MEMORY, 100 * MIB, 15 * MIB),
        (MEMORY, 4000 * MIB, 200 * MIB),
        (TASKS, 60, 40),
        (DESCRIPTORS, 30, 10),
        (DESCRIPTORS, 300, 120),
    ],
)
def test_what_rises_is_told_and_by_how_much(gauge, level, rise):
    found = trend(gauge, noisy(level, rise, spread=level / 200), before=16, after=16)
    assert found.objection == "rises"
    assert found.rise == pytest.approx(rise * 2 / 3, rel=0.15)  # since it had settled
    assert trend(gauge, noisy(level, -rise), 16, 16).objection is None
    assert trend(gauge, noisy(level, rise / 10, level / 200), 16, 16).objection is None


def test_memory_that_is_taken_at_first_is_no_leak():
    first = samples(lambda second: MIB * (100 + min(second, 18)))
    assert trend(MEMORY, first, 100 * MIB, 118 * MIB).objection is None


@pytest.mark.parametrize("gauge", [DESCRIPTORS, TASKS])
def test_one_that_is_left_is_told(gauge):
    assert trend(gauge, noisy(30), before=16, after=17).objection == "does not come back"
    assert trend(gauge, noisy(30), before=16, after=15).objection is None
