"""Peaks of the loudness."""

import math

import pytest

from tensorrt_tts.audio.syllables import Syllables


def peaks(*levels: float) -> list[int]:
    heard = Syllables()
    for level in levels:
        heard.hear(level)
    return heard.peaks


def bump(height: float = 3000.0, low: float = 300.0, frames: int = 20) -> list[float]:
    """One syllable, loudest in its middle."""
    rise = [math.sin(math.pi * (index + 0.5) / frames) for index in range(frames)]
    return [low + (height - low) * each for each in rise]


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_each_is_counted_once_where_it_is_loudest(count: int) -> None:
    found = peaks(*bump() * count, *[100.0] * 10)
    assert len(found) == count
    for index, peak in enumerate(found):
        assert abs(peak - (20 * index + 9.5)) <= 1


@pytest.mark.parametrize(("low", "count"), [(2600.0, 1), (1500.0, 3), (0.0, 3)])
def test_a_dip_of_less_than_two_decibels_is_none(low: float, count: int) -> None:
    middle = bump(3000.0, low)
    found = peaks(*bump()[:10], *middle[10:], *middle, *middle[:10], *bump()[10:], *[50.0] * 10)
    assert len(found) == count


@pytest.mark.parametrize(("height", "count"), [(3000.0, 2), (400.0, 2), (100.0, 1)])
def test_what_is_far_softer_than_the_loudest_is_none(height: float, count: int) -> None:
    found = peaks(*bump(3000.0, 1.0), *bump(height, 1.0), *[0.0] * 10)
    assert len(found) == count


def test_it_is_known_soon_after() -> None:
    heard = Syllables()
    for level in bump()[:18]:
        heard.hear(level)
    assert len(heard.peaks) == 1


@pytest.mark.parametrize("level", [0.0, 1.0, 20000.0])
def test_an_even_sound_has_none(level: float) -> None:
    assert peaks(*[level] * 100) == []
