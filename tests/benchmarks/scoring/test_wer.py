"""Word error rate without a recogniser, and resampling."""

import numpy as np

from benchmarks.scoring.wer import edits, normalize, to_rate, word_error_rate


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


def test_numbers_as_whisper_writes_them_are_the_words_of_the_text() -> None:
    said = "The first cost five dollars and fifty cents, three point five percent more."
    heard = "The 1st cost $5.50, 3.5% more."
    assert word_error_rate([said], [heard]) == 0


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
