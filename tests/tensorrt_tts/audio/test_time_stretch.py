import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.audio.time_stretch import TimeStretch, factors
from tensorrt_tts.errors import MissingDependencyError
from tests.support.tones import RATE, loudest, tone

SPEEDS = (0.25, 0.3, 0.5, 0.75, 0.9, 1.1, 1.5, 2.0, 3.0, 4.0)


def stretched(pcm: np.ndarray, speed: float, cuts: list[int]) -> np.ndarray:
    stretch = TimeStretch(speed, RATE)
    return np.concatenate([*map(stretch.push, np.split(pcm, cuts)), stretch.finish()])


@pytest.mark.parametrize("speed", SPEEDS)
def test_it_lasts_longer_or_shorter_at_the_same_pitch(speed: float) -> None:
    pcm = tone(220, 2 * RATE)
    found = stretched(pcm, speed, list(range(0, len(pcm), 1536)))
    assert found.dtype == np.int16
    assert len(found) == round(len(pcm) / speed)
    assert loudest(found, RATE) == pytest.approx(220, rel=0.012)


@pytest.mark.parametrize("speed", [0.5, 1.1, 3.0])
def test_it_does_not_depend_on_the_cuts(speed: float) -> None:
    pcm = tone(220, RATE) + tone(613, RATE)

    @given(st.lists(st.integers(0, RATE), max_size=30).map(sorted))
    def same(cuts: list[int]) -> None:
        np.testing.assert_array_equal(stretched(pcm, speed, cuts), whole)

    whole = stretched(pcm, speed, [])
    same()


@given(st.floats(0.25, 4))
def test_every_speed_is_made_of_factors_that_one_filter_takes(speed: float) -> None:
    parts = factors(speed)
    assert all(0.5 <= round(part, 6) <= 2 for part in parts)
    assert np.prod(parts) == pytest.approx(speed)


@pytest.mark.parametrize(("speed", "count"), [(0.25, 2), (0.5, 1), (1.0, 1), (2.0, 1), (2.1, 2)])
def test_no_more_filters_than_it_needs(speed: float, count: int) -> None:
    assert len(factors(speed)) == count


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_most_of_it_comes_before_the_end(speed: float) -> None:
    stretch = TimeStretch(speed, RATE)
    assert len(stretch.push(tone(220, RATE))) > 0.8 * RATE / speed


@given(st.integers(0, 3000), st.sampled_from(SPEEDS))
def test_a_sound_of_any_length(samples: int, speed: float) -> None:
    """Shorter than the filter's window too."""
    assert len(stretched(tone(220, samples), speed, [])) == round(samples / speed)


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_end_is_there(speed: float) -> None:
    """A last syllable is no shorter than the others."""
    pcm = np.concatenate([np.zeros(RATE, np.int16), tone(220, RATE // 10)])
    found = stretched(pcm, speed, [])
    loud = np.flatnonzero(np.abs(found) > 2000)
    assert -0.045 < (loud[-1] - loud[0]) / RATE - 0.1 / speed < 0.1
    assert len(found) - loud[-1] < 0.03 * RATE


def test_without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependencyError, match="speed needs PyAV: pip install av, or leave"):
        TimeStretch(2.0, RATE)
