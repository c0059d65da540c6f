import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.load.arrivals import poisson, staggered
from tensorrt_tts.errors import SettingError


@given(st.floats(0.01, 1000), st.integers(1, 200), st.integers(0, 2**32))
def test_a_schedule_is_complete_ascending_and_the_same_for_the_same_seed(rate, count, seed):
    times = poisson(rate, count, seed)
    assert len(times) == count
    assert times[0] == 0
    assert times == sorted(times)
    assert times == poisson(rate, count, seed)


def test_gaps_are_exponential_with_the_rate_asked_for():
    times = poisson(5.0, 20_000, seed=1)
    gaps = [b - a for a, b in itertools.pairwise(times)]
    mean = sum(gaps) / len(gaps)
    assert mean == pytest.approx(0.2, rel=0.03)
    # Memoryless: the standard deviation is the mean, and e⁻¹ of the gaps are longer than it.
    assert sum(gap > mean for gap in gaps) / len(gaps) == pytest.approx(0.368, abs=0.015)


def test_another_seed_is_another_schedule():
    assert poisson(1.0, 10, 1) != poisson(1.0, 10, 2)


@pytest.mark.parametrize("rate", [0.0, -1.0])
def test_a_rate_that_sends_nothing_is_refused(rate):
    with pytest.raises(SettingError, match=f"rate {rate}"):
        poisson(rate, 3, 0)


def test_streams_start_evenly_and_not_together():
    assert staggered(4, 2.0) == [0.0, 0.5, 1.0, 1.5]
