"""The places of numbers, kept while a text changes: the same as those of the text read afresh."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.numbers import Numbers
from tensorrt_tts.text.spoken.result import SpokenOptions

ALPHABET = "0123 ½.,a-क"


def rows(numbers: Numbers) -> list[tuple[int, int, str]]:
    return list(zip(numbers.starts, numbers.lengths, numbers.following, strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 km", [(0, 1, "k")]),
        ("at 5, or 1,000.", [(3, 1, ", "), (9, 1, ","), (11, 3, ". ")]),
        ("2½ cups in 10", [(0, 2, "½"), (11, 2, "\0")]),
        ("3.5%", [(0, 1, "."), (2, 1, "%")]),
        ("1,½ or ½2 ", [(0, 1, ", "), (2, 1, "½"), (7, 2, "½")]),
        ("2 \n3", [(0, 1, "\n"), (3, 1, "\0")]),
    ],
)
def test_what_follows_a_number(text: str, expected: list[tuple[int, int, str]]) -> None:
    assert rows(Numbers(text)) == expected


@given(st.text(ALPHABET, max_size=30))
@settings(max_examples=1000, deadline=None)
def test_they_are_the_runs_of_digits_and_fractions(text: str) -> None:
    numbers = Numbers(text)
    found = [match.span() for match in re.finditer("[0-9½]+", text)]
    assert numbers.starts == [start for start, _ in found]
    assert numbers.lengths == [end - start for start, end in found]
    for (_, end), following in zip(found, numbers.following, strict=True):
        if following != "½":
            assert (text[end:].removeprefix(" ") + "\0").startswith(following.rstrip(" ") or " ")


@pytest.mark.parametrize(
    ("text", "endings", "starts"),
    [
        ("May 5, June 6 or 7", {"ay", "ne"}, [4, 12]),
        ("₹ −.5 and ₹6", {"₹"}, [4, 11]),
        ("5 6", {"₹"}, []),
    ],
)
def test_what_comes_before_a_number(text: str, endings: set[str], starts: list[int]) -> None:
    assert Numbers(text).preceded_by(endings) == starts


def test_what_is_followed_so_or_long() -> None:
    numbers = Numbers("12 km, 345 and 6%")
    assert numbers.followed_by({"k", "%"}) == [0, 15]
    assert numbers.followed_by({"x"}) == []
    assert numbers.followed_by({"%"}, digits=3) == [7, 15]


@given(
    text=st.text(ALPHABET, max_size=30),
    cuts=st.lists(st.integers(0, 30), max_size=8),
    new=st.lists(st.text(ALPHABET, max_size=4), min_size=4, max_size=4),
)
@settings(max_examples=1000, deadline=None)
def test_after_any_change_they_are_as_read_afresh(
    text: str, cuts: list[int], new: list[str]
) -> None:
    places = sorted(min(cut, len(text)) for cut in cuts)
    pieces = list(zip(places[::2], places[1::2], new, strict=False))
    draft = Draft(text, SpokenOptions())
    assert draft.has_numbers() == bool(Numbers(text).starts)
    draft.replace(pieces)
    known = draft._numbers
    assert known is not None
    assert rows(known) == rows(Numbers(draft.text))
    assert set(draft.text) <= draft.characters
