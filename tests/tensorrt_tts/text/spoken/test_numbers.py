"""The places of numbers, and what is beside them."""

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
    lengths = [end - start for start, end in zip(numbers.starts, numbers.ends, strict=True)]
    return list(zip(numbers.starts, lengths, numbers.following, strict=True))


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
    assert list(zip(numbers.starts, numbers.ends, strict=True)) == found
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
    assert numbers.followed_or_long({"%"}, 3) == [7, 15]


def test_after_a_change_they_are_those_of_the_new_text() -> None:
    draft = Draft("5 and 6 and 7", SpokenOptions())
    assert draft.has_numbers()
    draft.replace([(0, 1, "five"), (6, 7, "10 to 6")])
    assert draft.text == "five and 10 to 6 and 7"
    assert rows(draft._found_numbers()) == rows(Numbers(draft.text))
    draft.replace([(9, 16, "ten"), (16, 22, "")])
    assert not draft.has_numbers()
    assert set(draft.text) <= draft.characters
