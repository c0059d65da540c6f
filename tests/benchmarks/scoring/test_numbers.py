import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scoring.numbers import spell_numbers


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (43, "forty three"),
        (200, "two hundred"),
        (1999, "one thousand nine hundred ninety nine"),
        (50_000, "fifty thousand"),
    ],
)
def test_number_words(value, words):
    assert spell_numbers(str(value)).strip() == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("1st", "first"),
        ("12th", "twelfth"),
        ("20th", "twentieth"),
        ("22nd", "twenty second"),
        ("100th", "one hundredth"),
    ],
)
def test_ordinal_words(value, words):
    assert spell_numbers(value).strip() == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$5.50", "five dollars and fifty cents"),
        ("$1", "one dollar"),
        ("£2.01.", "two pounds and one penny."),
        ("€1,200", "one thousand two hundred euros"),
        ("$3.5 million", "three point five million dollars"),
        ("the 21st", "the twenty first"),
        ("3.05", "three point zero five"),
        ("in 5.", "in five."),
        ("7%", "seven percent"),
        ("1234567", "1234567"),
    ],
)
def test_spelled(text, words):
    assert " ".join(spell_numbers(text).split()).replace(" .", ".") == words


@given(st.text("0123456789.,$%€ stndrh", max_size=30))
def test_any_mixture_is_taken(text):
    spell_numbers(text)
