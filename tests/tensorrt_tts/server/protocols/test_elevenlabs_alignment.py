"""Times of characters from times of words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.server.protocols.elevenlabs_alignment import CharacterTimes
from tensorrt_tts.words import Word

TEXT = " Hi, you. "
WORDS = [Word("Hi,", 0.1, 0.4, 1, 4, True), Word("you.", 0.5, 0.9, 5, 9, True)]


def times(speed: float = 1.0, absolute: bool = False, text: str = TEXT) -> CharacterTimes:
    made = CharacterTimes(speed, absolute)
    made.feed(text)
    return made


def test_a_word_s_time_is_spread_over_its_characters() -> None:
    assert times().of(WORDS) == {
        "chars": list(" Hi, you."),
        "charStartTimesMs": [0, 100, 200, 300, 400, 500, 600, 700, 800],
        "charDurationsMs": [100, 100, 100, 100, 100, 100, 100, 100, 100],
        "estimated": True,
    }


def test_each_message_begins_where_the_one_before_it_ended() -> None:
    """So that whoever adds up their spans has the time of the whole."""
    made = times()
    first, second = made.of(WORDS[:1]), made.of(WORDS[1:])
    assert first is not None
    assert second is not None
    assert first["charStartTimesMs"][-1] + first["charDurationsMs"][-1] == 400
    assert second["charStartTimesMs"] == [0, 100, 200, 300, 400]
    assert "".join(second["chars"]) == " you."


def test_absolute_times_go_on() -> None:
    made = times(absolute=True)
    made.of(WORDS[:1])
    second = made.of(WORDS[1:])
    assert second is not None
    assert second["charStartTimesMs"] == [400, 500, 600, 700, 800]


def test_the_last_message_has_the_rest_of_the_text() -> None:
    made = times()
    made.of(WORDS)
    rest = made.of([], last=True)
    assert rest is not None
    assert (rest["chars"], rest["charDurationsMs"]) == ([" "], [0])


@pytest.mark.parametrize("last", [False, True])
def test_where_no_time_is_known_there_is_none(last: bool) -> None:
    assert times().of([], last=last) is None


def test_twice_as_fast_is_half_as_late() -> None:
    said = times(speed=2.0).of(WORDS)
    assert said is not None
    assert said["charStartTimesMs"][-1] + said["charDurationsMs"][-1] == 450


def test_of_the_model_is_not_estimated() -> None:
    said = times().of([Word("Hi,", 0.1, 0.4, 1, 4, False)])
    assert said is not None
    assert said["estimated"] is False


@given(
    lengths=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3)), max_size=6),
    seconds=st.lists(st.floats(0, 9), min_size=12, max_size=12),
    cut=st.integers(0, 6),
    absolute=st.booleans(),
)
def test_every_character_comes_once_in_order_and_time_never_goes_back(
    lengths: list[tuple[int, int]], seconds: list[float], cut: int, absolute: bool
) -> None:
    text, words, ends = "", [], sorted(seconds)
    for index, (letters, spaces) in enumerate(lengths):
        begin = len(text)
        text += "x" * letters
        start_s, end_s = ends[2 * index : 2 * index + 2]
        words.append(Word("x" * letters, start_s, end_s, begin, len(text), True))
        text += " " * spaces
    made = times(absolute=absolute, text=text)
    said = [made.of(words[:cut]), made.of(words[cut:]), made.of([], last=True)]
    parts = [part for part in said if part is not None]
    assert "".join("".join(part["chars"]) for part in parts) == (text if words else "")
    clock = 0
    for part in parts:
        began = 0 if absolute else clock
        for start, duration in zip(part["charStartTimesMs"], part["charDurationsMs"], strict=True):
            assert began + start >= clock
            assert duration >= 0
            clock = began + start + duration
    assert clock == (round(1000 * words[-1].end_s) if words else 0)
