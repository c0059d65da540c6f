"""Times from the length of words and the silences between them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.audio.loudness import Span
from tensorrt_tts.audio.word_timer import MARGIN_S, WordTimer
from tensorrt_tts.text.durations import ExpectedWord


def timer(*seconds: float, rate: float = 1.0) -> WordTimer:
    """Words of that length; negative ones have a mark behind them, as the last one has."""
    words = [ExpectedWord(abs(each), each < 0) for each in seconds[:-1]]
    return WordTimer([*words, ExpectedWord(abs(seconds[-1]), True)], rate)


def times(spans: list[Span]) -> list[tuple[float, float]]:
    return [(round(start, 2), round(end, 2)) for start, end in spans]


def test_words_share_the_speech_by_their_length() -> None:
    words = timer(0.1, 0.3, 0.4)
    words.update([(0.2, 1.8)], 2.0, ended=True)
    assert times(words.final) == [(0.2, 0.4), (0.4, 1.0), (1.0, 1.8)]


def test_a_pause_is_behind_a_mark() -> None:
    words = timer(0.3, -0.3, 0.3, 0.3)
    words.update([(0.0, 0.6), (1.0, 1.6)], 1.6, ended=True)
    assert times(words.final) == [(0.0, 0.3), (0.3, 0.6), (1.0, 1.3), (1.3, 1.6)]


def test_of_two_marks_the_one_that_keeps_the_rate() -> None:
    words = timer(-0.3, 0.3, 0.3, -0.3, 0.3)
    words.update([(0.0, 1.2), (1.5, 1.8)], 1.8, ended=True)
    assert times(words.final)[3:] == [(0.9, 1.2), (1.5, 1.8)]
    words = timer(-0.3, 0.3, 0.3, -0.3, 0.3)
    words.update([(0.0, 0.3), (0.6, 1.8)], 1.8, ended=True)
    assert times(words.final)[:2] == [(0.0, 0.3), (0.6, 0.9)]


def test_a_pause_within_a_word_is_not_taken_for_a_mark() -> None:
    words = timer(0.3, 0.3, 0.3, 0.3, 0.3, -1.0, 0.3)
    words.update([(0.0, 0.45), (0.58, 3.13)], 3.2, ended=True)
    assert times(words.final)[-1] == (2.81, 3.13)


def test_a_slow_voice_is_learnt_from_its_pauses() -> None:
    words = timer(-3.0, 0.5, 0.5)
    words.update([(0.0, 6.0), (6.4, 6.5)], 6.5, ended=False)
    assert times(words.estimates) == [(0.0, 6.0), (6.4, 7.15), (7.15, 7.9)]


def test_a_word_is_final_when_enough_has_come_behind_it() -> None:
    words = timer(0.4, 0.4, 0.4)
    words.update([(0.0, 0.35)], 0.35, ended=False)
    assert words.final == []
    assert times(words.estimates) == [(0.0, 0.4), (0.4, 0.8), (0.8, 1.2)]
    words.update([(0.0, 0.41 + MARGIN_S)], 0.41 + MARGIN_S, ended=False)
    assert times(words.final) == [(0.0, 0.4)]


def test_no_word_becomes_final_in_a_pause_that_may_be_before_it() -> None:
    words = timer(0.4, 0.4, 0.4)
    words.update([(0.0, 0.7)], 3.0, ended=False)
    assert times(words.final) == [(0.0, 0.4)]
    words.update([(0.0, 0.7), (3.0, 3.2)], 3.2, ended=True)
    assert len(words.final) == 3


def test_what_is_final_stays() -> None:
    words = timer(0.2, 0.2, 0.2)
    words.update([(0.0, 1.0)], 1.0, ended=False)
    first = list(words.final)
    assert times(first) == [(0.0, 0.2), (0.2, 0.4)]
    words.update([(0.0, 3.0)], 3.0, ended=True)
    assert words.final[:2] == first
    assert words.final[2][1] == pytest.approx(3.0)


def test_silence_alone() -> None:
    words = timer(0.2, 0.2)
    words.update([], 1.0, ended=False)
    assert words.estimates == []
    words.update([], 1.5, ended=True)
    assert words.final == [(1.5, 1.5), (1.5, 1.5)]


def test_no_words() -> None:
    words = WordTimer([], 1.0)
    words.update([(0.0, 1.0)], 1.0, ended=True)
    assert words.estimates == []


seconds = st.floats(0.05, 1.5)


@given(
    st.lists(st.tuples(seconds, st.booleans()), min_size=1, max_size=12),
    st.lists(st.tuples(seconds, st.floats(0.12, 1.0)), min_size=1, max_size=6),
    st.floats(0.4, 2.5),
)
def test_each_word_once_in_order_within_the_audio(
    words: list[tuple[float, bool]], parts: list[tuple[float, float]], rate: float
) -> None:
    told = WordTimer([ExpectedWord(*word) for word in words], rate)
    speech: list[Span] = []
    at, known = 0.0, 0
    for length, pause in parts:
        speech.append((at, at + length))
        at += length
        for heard_s in (at, at + pause / 2):
            before = list(told.final)
            told.update(speech, heard_s, ended=False)
            assert told.final[:known] == before
            assert len(told.estimates) == len(words)
            known = len(told.final)
        at += pause
    told.update(speech, at, ended=True)
    assert len(told.final) == len(words)
    assert told.final[0][0] >= 0
    assert told.final[-1][1] <= at + 1e-6
    for (start, end), (then, _) in itertools.pairwise([*told.final, (at + 1e-6, 0.0)]):
        assert start <= end <= then + 1e-9
