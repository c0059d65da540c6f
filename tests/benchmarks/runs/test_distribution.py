import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.runs.distribution import Distribution

values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=100)


@given(values)
def test_percentiles_are_ordered_and_within_the_sample(sample):
    found = Distribution.of(sample)
    order = [found.min, found.p50, found.p90, found.p95, found.p99, found.max]
    assert order == sorted(order)
    assert (found.n, found.min, found.max) == (len(sample), min(sample), max(sample))


@given(values, st.randoms())
def test_the_order_of_the_sample_does_not_matter(sample, source):
    shuffled = list(sample)
    source.shuffle(shuffled)
    a, b = Distribution.of(sample), Distribution.of(shuffled)
    assert (a.p50, a.p99, a.max) == (b.p50, b.p99, b.max)


def test_known_values():
    found = Distribution.of(range(101))
    assert (found.p50, found.p90, found.p95, found.p99) == (50, 90, 95, 99)
    assert found.mean == 50
    assert found.std == pytest.approx(float(np.std(np.arange(101))))


def test_what_was_not_measured_is_left_out():
    assert Distribution.of([None, 3.0, None]).n == 1
    assert Distribution.of([None]) is None
    assert Distribution.of([]) is None
