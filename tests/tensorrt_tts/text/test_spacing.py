import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.text.spacing import Spacing

TEXTS = st.text(st.sampled_from("ab \t\n\r\u2028\u2029\u00a0\u3000"), max_size=30)


@pytest.mark.parametrize(
    ("written", "spaced"),
    [
        ("a \t\u00a0 b", "a b"),
        ("a \n b", "a\nb"),
        ("a\r\nb", "a\nb"),
        ("a\r\n\r\nb", "a\n\nb"),
        ("a\n \n\n b", "a\n\nb"),
        ("a\u2029b", "a\n\nb"),
        ("\n a \n", "a"),
    ],
)
def test_runs(written: str, spaced: str) -> None:
    assert Spacing().feed(written) == spaced


@given(TEXTS, TEXTS)
def test_pieces_are_the_whole(one: str, two: str) -> None:
    spacing = Spacing()
    whole = "".join(map(spacing.feed, one + two))
    assert whole == Spacing().feed(one + two)
    assert not re.search(r"^\s|\s$|  | \n|\n |\n\n\n", whole)
    spacing.end()
    assert spacing.feed(one) == Spacing().feed(one)
