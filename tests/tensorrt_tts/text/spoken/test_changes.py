from __future__ import annotations

import pytest

from tensorrt_tts.text.spoken import SpokenOptions, speak_as
from tensorrt_tts.text.spoken.changes import Changes


def origin_of(text: str, said: str, **options: object) -> str:
    """What was written for the first `said` in the spoken form of `text`."""
    spoken = speak_as(text, SpokenOptions(**options))  # type: ignore[arg-type]
    start = spoken.text.index(said)
    first, last = spoken.origin(start, start + len(said))
    return text[first:last]


@pytest.mark.parametrize(
    ("text", "said", "written"),
    [
        ("It costs $20.50 today.", "twenty dollars fifty cents", "$20.50"),
        ("It costs $20.50 today.", "dollars", "$20.50"),
        ("It costs $20.50 today.", "today", "today"),
        ("It costs $20.50 today.", "costs", "costs"),
        ("मेरा bill ₹1,23,456 है", "एक लाख तेईस हज़ार चार सौ छप्पन रुपए", "₹1,23,456"),
        ("మీ OTP 4821 ఉంది", "నాలుగు ఎనిమిది రెండు ఒకటి", "4821"),
        ("See **Dr. Rao** at 5pm 👍 now", "Doctor", "Dr."),
        ("See **Dr. Rao** at 5pm 👍 now", "Rao", "Rao"),
        ("See **Dr. Rao** at 5pm 👍 now", "now", "now"),
        ("caf\u0065\u0301 at 5", "café", "cafe\u0301"),
        ("Bread\nMilk", "Milk", "Milk"),
        ("<b>bold</b> text", "bold", "bold"),
    ],
)
def test_a_word_knows_what_was_written(text: str, said: str, written: str) -> None:
    assert origin_of(text, said) == written


def test_the_whole_is_the_whole() -> None:
    text = "  On 5/6/2024, 10% of 2½ kg!  "
    spoken = speak_as(text)
    start, end = spoken.origin(0, len(spoken.text))
    assert text[start:end] == text.strip()


def test_what_went_without_trace_is_an_empty_span() -> None:
    changes = Changes([(2, 4, 0)])
    assert (changes.starts_before([2]), changes.ends_before([2])) == ([4], [2])
    assert changes.after([0, 2, 3, 4, 9]) == [0, 2, 2, 2, 7]


def test_positions_inside_what_was_put_in_stand_for_all_of_it() -> None:
    changes = Changes([(1, 2, 5), (4, 4, 3)])
    new = range(13)
    assert changes.starts_before(new) == [0, 1, 1, 1, 1, 1, 2, 3, 4, 4, 4, 4, 5]
    assert changes.ends_before(new) == [0, 1, 2, 2, 2, 2, 2, 3, 4, 4, 4, 4, 5]
    assert changes.after(range(6)) == [0, 1, 6, 7, 8, 12]


@pytest.mark.parametrize(
    "text", ["It costs $20.50 on 5/6/2024, 10% of 2½ kg", "Dr. Rao: ₹5 है, 7 km"]
)
def test_many_spans_at_once_are_as_one_by_one(text: str) -> None:
    spoken = speak_as(text)
    starts = list(range(len(spoken.text)))
    one_by_one = [spoken.origin(start, start + 1) for start in starts]
    many = spoken.origins(starts, [start + 1 for start in starts])
    assert list(zip(*many, strict=True)) == one_by_one
    assert len(set(one_by_one)) > 10
