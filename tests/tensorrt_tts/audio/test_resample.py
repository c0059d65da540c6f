import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.audio.resample import Resampler
from tensorrt_tts.errors import MissingDependencyError
from tests.support.tones import RATE, loudest, tone


def resampled(pcm: np.ndarray, rate: int, cuts: list[int]) -> np.ndarray:
    resampler = Resampler(RATE, rate)
    return np.concatenate([*map(resampler.push, np.split(pcm, cuts)), resampler.finish()])


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
def test_it_lasts_as_long_and_sounds_the_same(rate: int) -> None:
    pcm = tone(440, RATE + 777)
    found = resampled(pcm, rate, list(range(0, RATE, 777)))
    assert found.dtype == np.int16
    assert len(found) == round(len(pcm) * rate / RATE)
    assert loudest(found, rate) == pytest.approx(440, abs=1)
    assert np.abs(found[rate // 4 : -rate // 4]).max() == pytest.approx(8000, rel=0.01)


@given(st.lists(st.integers(0, RATE), max_size=30).map(sorted))
def test_there_is_no_seam_wherever_it_is_cut(cuts: list[int]) -> None:
    pcm = tone(440, RATE)
    np.testing.assert_array_equal(resampled(pcm, 8000, cuts), resampled(pcm, 8000, []))


def test_what_the_lower_rate_cannot_hold_is_gone_and_not_folded_back() -> None:
    assert np.abs(resampled(tone(6000, RATE), 8000, [])[200:-200]).max() < 8


def test_nothing_in_nothing_out() -> None:
    assert resampled(tone(440, 0), 8000, [0, 0]).size == 0


def test_most_of_it_comes_before_the_end() -> None:
    resampler = Resampler(RATE, 8000)
    assert len(resampler.push(tone(440, 3000))) > 300


def test_without_soxr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soxr", None)
    with pytest.raises(MissingDependencyError, match="8000 Hz from 24000 Hz needs soxr: pip"):
        Resampler(RATE, 8000)
