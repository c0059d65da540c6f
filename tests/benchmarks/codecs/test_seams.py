"""The seam detector on audio whose seams are known."""

import numpy as np
import pytest

from benchmarks.codecs.seams import find_seams

RATE = 16_000
LENGTH = 10 * RATE
BORDERS = [RATE * second for second in range(1, 10)]


def speech(seed=0):
    """Noise of a slope and a loudness that change, as int16."""
    draw = np.random.default_rng(seed)
    noise = np.convolve(draw.standard_normal(LENGTH), np.hanning(9), "same")
    loud = 1.2 + np.sin(np.arange(LENGTH) * 2 * np.pi / 5000)
    return np.round(1000 * noise * loud).astype(np.int16)


def found(streamed, borders=BORDERS):
    return find_seams("it", streamed.astype(np.int16), speech(), borders, RATE)


def test_what_is_equal_has_no_seam():
    rows = found(speech())
    assert (rows.borders, rows.seams, rows.times) == (9, 0, 0.0)


def test_rounding_is_no_seam():
    streamed = speech() + np.random.default_rng(1).integers(-1, 2, LENGTH)
    rows = found(streamed)
    assert rows.seams == 0
    assert rows.jump == 2


def test_an_error_everywhere_is_none_of_a_border():
    """However large: it is loud in `Comparison`, and no border stands out."""
    streamed = speech() + np.random.default_rng(1).normal(0, 300, LENGTH).round()
    assert found(streamed).seams <= 1


@pytest.mark.parametrize("step", [30, 300, -2000])
def test_a_step_at_each_border(step):
    streamed = speech().astype(int)
    for border in BORDERS:
        streamed[border : border + 200] += np.linspace(step, 0, 200).round().astype(int)
    rows = found(streamed)
    assert rows.seams == len(BORDERS)
    assert rows.jump == pytest.approx(abs(step), rel=0.1)
    assert rows.times > 2


def test_one_seam_among_nine():
    streamed = speech().astype(int)
    streamed[BORDERS[4] : BORDERS[4] + 100] += 400
    rows = found(streamed)
    assert rows.seams == 1


def test_a_corner_without_a_step():
    """Continuous, but its slope is not."""
    streamed = speech().astype(int)
    for border in BORDERS:
        streamed[border : border + 100] += 50 * np.minimum(np.arange(100), 99 - np.arange(100))
    assert found(streamed).seams == len(BORDERS)


def test_a_fade_to_nothing_and_back_is_a_spectrum_of_less():
    """No sample jumps, and the sound is gone for a moment."""
    dip = 1 - np.hanning(1600)
    streamed = speech().astype(float)
    for border in BORDERS:
        streamed[border - 800 : border + 800] *= dip
    rows = found(streamed.round())
    assert rows.seams == len(BORDERS)
    assert rows.spectrum > 3


def test_another_seed_of_the_places_finds_the_same():
    streamed = speech().astype(int)
    for border in BORDERS[::2]:
        streamed[border : border + 100] += 100
    for seed in range(3):
        assert find_seams("it", streamed, speech(), BORDERS, RATE, seed).seams == 5


@pytest.mark.parametrize("borders", [[], [0], [LENGTH], [0, LENGTH]])
def test_ends_are_no_borders(borders):
    assert (found(speech(), borders).borders, found(speech(), borders).seams) == (0, 0)


def test_borders_so_dense_that_nothing_is_elsewhere():
    streamed = speech().astype(int)
    borders = list(range(320, LENGTH, 320))
    assert found(streamed, borders).seams == 0
    streamed[borders[7] : borders[7] + 50] += 100
    assert 1 <= found(streamed, borders).seams <= 8  # those whose surroundings hold it


def test_a_missing_rest_is_not_compared():
    rows = found(speech()[: 3 * RATE])
    assert (rows.borders, rows.seams) == (2, 0)
