"""Times from where the model looked."""

import random

import pytest

from tensorrt_tts.audio.aligned_timer import AlignedTimer

PLACES = [(10, 14), (15, 20), (22, 25)]
ID_S = 0.01


def looks(*runs: tuple[int, int]) -> list[int]:
    """(place, ids)."""
    return [place for place, count in runs for _ in range(count)]


SAID = looks((10, 40), (13, 20), (14, 10), (15, 30), (19, 30), (20, 20), (21, 20), (22, 60))
"""From 0 to 0.6 s, from 0.7 to 1.3 s, from 1.7 s on."""


def rounded(timer: AlignedTimer) -> list[tuple[float, float]]:
    return [(round(start, 2), round(end, 2)) for start, end in timer.final]


def test_a_word_lasts_while_the_model_looks_at_it() -> None:
    timer = AlignedTimer(PLACES, ID_S)
    assert not timer.known
    timer.looked_at(SAID)
    assert timer.known
    timer.update([(0.0, 2.3)], 2.3, ended=True)
    assert rounded(timer) == [(0.0, 0.6), (0.7, 1.3), (1.7, 2.3)]


def test_glances_aside_and_back_do_not_count() -> None:
    draw = random.Random(0)
    noisy = [draw.choice(range(10, 25)) if draw.random() < 0.15 else place for place in SAID]
    timer = AlignedTimer(PLACES, ID_S)
    timer.looked_at(noisy)
    timer.update([(0.0, 2.3)], 2.3, ended=True)
    for found, expected in zip(timer.final, [(0.0, 0.6), (0.7, 1.3), (1.7, 2.3)], strict=True):
        assert found == pytest.approx(expected, abs=0.03)


def test_words_are_final_once_they_are_heard_whatever_was_generated() -> None:
    timer = AlignedTimer(PLACES, ID_S)
    timer.looked_at(SAID)
    timer.update([(0.0, 0.5)], 0.5, ended=False)
    assert timer.final == []
    assert len(timer.estimates) == 3
    timer.update([(0.0, 0.65)], 0.65, ended=False)
    assert rounded(timer) == [(0.0, 0.6)]
    first = list(timer.final)
    timer.update([(0.0, 1.4)], 1.4, ended=False)
    assert timer.final[:1] == first
    assert rounded(timer) == [(0.0, 0.6), (0.7, 1.3)]


def test_it_does_not_matter_how_ids_come() -> None:
    one = AlignedTimer(PLACES, ID_S)
    for place in SAID:
        one.looked_at([place])
        one.update([], 0.0, ended=False)
    one.update([(0.0, 2.3)], 2.3, ended=True)
    assert rounded(one) == [(0.0, 0.6), (0.7, 1.3), (1.7, 2.3)]


def test_a_word_ends_where_the_pause_behind_it_begins() -> None:
    timer = AlignedTimer(PLACES, ID_S)
    timer.looked_at(SAID)
    timer.update([(0.05, 1.25), (1.65, 2.2)], 2.3, ended=True)
    assert rounded(timer) == [(0.05, 0.6), (0.7, 1.25), (1.65, 2.2)]


def test_a_pause_within_a_word_leaves_it_whole() -> None:
    timer = AlignedTimer(PLACES, ID_S)
    timer.looked_at(SAID)
    timer.update([(0.0, 0.9), (1.1, 2.3)], 2.3, ended=True)
    assert rounded(timer) == [(0.0, 0.6), (0.7, 1.3), (1.7, 2.3)]


def test_what_was_never_reached_ends_with_the_speech() -> None:
    timer = AlignedTimer(PLACES, ID_S)
    timer.looked_at(SAID[:100])
    timer.update([(0.0, 0.9)], 1.0, ended=True)
    assert rounded(timer) == [(0.0, 0.6), (0.7, 0.9), (0.9, 0.9)]


def test_silence_alone() -> None:
    timer = AlignedTimer(PLACES, ID_S)
    timer.looked_at(SAID)
    timer.update([], 2.3, ended=True)
    assert len(timer.final) == 3


def test_a_word_in_progress_goes_on_as_those_before_did() -> None:
    timer = AlignedTimer(PLACES, ID_S)
    timer.looked_at(SAID[:90])
    timer.update([(0.0, 0.9)], 0.9, ended=False)
    (first, second) = timer.estimates
    assert first == pytest.approx((0.0, 0.6))
    assert second[0] == pytest.approx(0.7)
    assert 1.2 < second[1] < 1.7  # five places, as five took 0.84 s
