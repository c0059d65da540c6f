"""Green is only what nothing can be said against."""

import pytest

from benchmarks.runs.loop_lag import LoopLag
from benchmarks.runs.summary import lag_line, summarize
from plot_metrics.judgement import judge
from tests.plot_metrics.answered import overloaded, spoken

ON_TIME = LoopLag([(0.0, 0.001)] * 10)
TOO_LATE = LoopLag([(0.0, 0.3)] * 10)


def summary(lines, lag=ON_TIME, **changes):
    return summarize(lines, lag_line(lag), 1.0).model_copy(update=changes)


def test_good_falls_short_of_nothing():
    found = judge(summary([spoken(n) for n in range(4)], verdict="good"))
    assert found.good
    assert (found.word, found.shortfalls, found.doubt) == ("good", (), None)


@pytest.mark.parametrize("verdict", ["good", "acceptable"])
def test_praise_by_an_older_rule_is_not_repeated(verdict):
    """Fast and whole, and yet first audio comes after two seconds."""
    found = judge(summary([spoken(n, first=2.0) for n in range(4)], verdict=verdict))
    assert not found.good
    assert found.word == "needs work"
    assert found.doubt == verdict
    assert any("first audio within 500 ms" in line for line in found.shortfalls)


def test_a_client_that_was_late_proves_nothing_good():
    found = judge(summary([spoken(n) for n in range(4)], TOO_LATE, verdict="good"))
    assert not found.good
    assert found.word == "needs work"


@pytest.mark.parametrize("verdict", ["faulty", "needs work", "unmeasured"])
def test_blame_is_repeated(verdict):
    found = judge(summary(overloaded(), verdict=verdict))
    assert (found.word, found.good, found.doubt) == (verdict, False, None)
    assert found.shortfalls


def test_a_run_that_is_not_valid_is_not_good_even_without_a_reason():
    lines = [spoken(n) for n in range(4)]
    assert not judge(summary(lines, verdict="good", valid=False)).good
