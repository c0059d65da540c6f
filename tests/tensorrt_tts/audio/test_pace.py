"""How far speech has come, and when."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.audio.pace import Pace

SPEECH = [(0.5, 1.5), (2.0, 3.0)]


def test_without_syllables_it_is_the_time() -> None:
    pace = Pace(SPEECH)
    assert pace.before == pytest.approx([0.0, 1.0, 2.0])
    progress = np.array([0.0, 0.25, 1.0, 1.5, 2.0, 2.5])
    assert pace.starts(progress) == pytest.approx([0.5, 0.75, 2.0, 2.5, 3.0, 3.5], abs=1e-5)
    assert pace.stops(progress) == pytest.approx([0.5, 0.75, 1.5, 2.5, 3.0, 3.5], abs=1e-5)


@pytest.mark.parametrize(("first", "second"), [(2, 8), (5, 5), (9, 1)])
def test_where_there_are_more_syllables_more_is_said(first: int, second: int) -> None:
    """In two seconds of one span: so many in its first half, so many in the second."""
    at = [*(np.arange(first) + 0.5) / first, *1 + (np.arange(second) + 0.5) / second]
    pace = Pace([(0.0, 2.0)], at)
    assert pace.before == pytest.approx([0.0, 0.6 * 2.0 + 0.4 * 0.2 * 10], abs=0.02)
    (half,) = pace.stops(np.array([pace.before[-1] / 2]))
    assert (half > 1.001) == (first < second)
    assert first != second or half == pytest.approx(1.0, abs=1e-5)


def test_syllables_in_a_pause_belong_to_its_edge() -> None:
    inside = Pace(SPEECH, [1.0, 1.7, 2.5])
    edge = Pace(SPEECH, [1.0, 1.5, 2.5])
    assert inside.before == pytest.approx(edge.before)


def test_beyond_what_is_heard_it_goes_on_evenly() -> None:
    pace = Pace([(0.0, 1.0)], [0.3, 0.7])
    first, second = pace.stops(pace.before[-1] + np.array([0.5, 1.5]))
    assert second - first == pytest.approx(1.0)


lengths = st.lists(st.tuples(st.floats(0.05, 2.0), st.floats(0.12, 1.0)), min_size=1, max_size=5)


@given(lengths, st.lists(st.floats(0.0, 10.0), max_size=20))
def test_it_only_goes_forward(parts: list[tuple[float, float]], syllables: list[float]) -> None:
    speech, at = [], 0.0
    for length, pause in parts:
        speech.append((at, at + length))
        at += length + pause
    pace = Pace(speech, sorted(syllables))
    assert all(one <= then for one, then in itertools.pairwise(pace.before))
    progress = np.linspace(0.0, pace.before[-1] + 1.0, 50)
    for times in (pace.starts(progress), pace.stops(progress)):
        assert all(one <= then + 1e-9 for one, then in itertools.pairwise(times))
