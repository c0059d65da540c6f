"""Word error rate without a recogniser, and resampling."""

import numpy as np
import pytest

from benchmarks.scoring.wer import edits, normalize, number_words, to_rate, word_error_rate


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
def test_number_words(value: int, words: str) -> None:
    assert number_words(value) == words


def test_normalize() -> None:
    assert normalize("It's 1,200 well-known—things!") == [
        "its",
        "one",
        "thousand",
        "two",
        "hundred",
        "well",
        "known",
        "things",
    ]


def test_edits() -> None:
    assert edits(["a", "b", "c"], ["a", "b", "c"]) == 0
    assert edits(["a", "b", "c"], ["a", "x", "c", "d"]) == 2
    assert edits([], ["a"]) == 1


def test_rate_counts_all_sentences_together() -> None:
    assert word_error_rate(["one two three", "four"], ["one two", "four"]) == 0.25


def test_resampling_keeps_a_tone() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(24_000) / 24_000).astype(np.float32)
    found = to_rate(tone, 24_000)
    assert len(found) == 16_000
    assert np.abs(np.fft.rfft(found)).argmax() == 440
