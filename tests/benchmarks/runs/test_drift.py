import random

import pytest

from benchmarks.runs.drift import drift


def noisy(level, count, source, spread=0.03):
    return [level * (1 + source.gauss(0, spread)) for _ in range(count)]


def test_a_server_that_slows_down_drifts():
    source = random.Random(0)
    found = drift(noisy(100, 10, source) + noisy(125, 10, source))
    assert found.drifted
    assert found.change == pytest.approx(0.25, abs=0.05)
    assert found.p < 0.01


def test_a_steady_server_does_not():
    source = random.Random(1)
    assert not drift(noisy(100, 20, source)).drifted


def test_a_large_difference_that_may_be_chance_is_not_drift():
    found = drift([100, 200, 100, 160])
    assert abs(found.change) > 0.1 or found.p > 0.05
    assert not found.drifted


def test_a_small_difference_that_is_certain_is_not_drift():
    source = random.Random(2)
    found = drift(noisy(100, 20, source, 0.005) + noisy(105, 20, source, 0.005))
    assert found.p < 0.05
    assert not found.drifted


def test_an_odd_middle_value_belongs_to_neither_half():
    assert drift([1.0, 1.0, 99.0, 1.0, 1.0]).change == 0


def test_halves_of_one_are_not_judged():
    assert drift([1.0, 2.0, 3.0]) is None
