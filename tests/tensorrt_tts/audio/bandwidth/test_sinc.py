import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.audio.bandwidth.sinc import SincUpsampler
from tests.support.tones import loudest, tone


def pushed(samples: np.ndarray, factor: int, cuts: list[int]) -> np.ndarray:
    sinc = SincUpsampler(factor)
    return np.concatenate([*map(sinc.push, np.split(samples, cuts)), sinc.finish()])


@given(st.integers(0, 300), st.lists(st.integers(0, 300), max_size=20).map(sorted))
def test_where_it_is_cut_changes_no_bit(length: int, cuts: list[int]) -> None:
    samples = np.random.default_rng(length).standard_normal(length).astype(np.float32)
    found = pushed(samples, 3, cuts)
    assert len(found) == 3 * length
    np.testing.assert_array_equal(found, pushed(samples, 3, []))


def test_each_sample_is_the_sum_that_defines_it() -> None:
    samples = np.random.default_rng(0).standard_normal(40)
    found = pushed(samples.astype(np.float32), 3, [7])
    for place in (0, 1, 2, 50, 61, 119):
        distance = 0.99 * (np.arange(40) - place / 3)
        window = np.where(np.abs(distance) < 6, np.cos(np.pi * distance / 12) ** 2, 0)
        expected = np.sum(samples * 0.99 * np.sinc(distance) * window)
        assert found[place] == pytest.approx(expected, abs=1e-6)


def test_a_tone_stays_where_it_is() -> None:
    found = pushed(tone(440, 16000).astype(np.float32), 2, [5000])
    assert loudest(found.astype(np.int16), 48000) == pytest.approx(440, abs=1)


def test_six_samples_are_looked_ahead() -> None:
    sinc = SincUpsampler(3)
    assert len(sinc.push(np.zeros(6, np.float32))) == 0
    assert len(sinc.push(np.zeros(1, np.float32))) == 3
