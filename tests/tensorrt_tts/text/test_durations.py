import re

import pytest

from tensorrt_tts.text.durations import expected, latin_syllables
from tensorrt_tts.text.written import WrittenWord


def of(text: str) -> list[tuple[float, bool]]:
    words = [WrittenWord(m[0], *m.span(), *m.span()) for m in re.finditer(r"\S+", text)]
    return [(round(word.seconds, 2), word.pause) for word in expected(text, words)]


def test_letters_count_and_a_pause_lengthens() -> None:
    assert of("of the") == [(0.16, False), (0.25, True)]
    assert of("rain, stopped.") == [(0.28, True), (0.36, True)]
    assert of('so "fast") it') == [(0.16, False), (0.28, True), (0.22, True)]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("नमस्ते वह", 0.09 * 4 - 0.05 + 0.05),
        ("తెలుగు అది", 0.09 * 3 + 0.05 * 3),
        ("雨 x", 0.2),
        ("かな x", 0.26),
        ("한글 x", 0.4),
        ("7 x", 0.3),
        ("42 x", 0.6),
        ("café x", 0.32),
        ("cafe\u0301 x", 0.32),
        ("дом x", 0.15),
    ],
)
def test_other_scripts(text: str, seconds: float) -> None:
    assert of(text)[0][0] == pytest.approx(seconds)


def test_no_word_takes_no_time() -> None:
    assert of("- x")[0][0] > 0
    assert expected("", []) == []


def test_what_is_between_two_words_counts_for_neither() -> None:
    words = [WrittenWord("and", 0, 3, 0, 3), WrittenWord("he", 20, 22, 14, 16)]
    first, _ = expected("and something, he", words)
    assert first.seconds == pytest.approx(0.029 * 3 + 0.1 + 0.06)
    assert first.pause  # the comma is heard


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("the", 1),
        ("library", 3),
        ("wakes", 1),
        ("oldest", 2),
        ("stopped", 1),
        ("added", 2),
        ("house", 1),
        ("houses", 2),
        ("table", 2),
        ("Hmm", 1),
        ("d'été", 2),
        ("Äpfel,", 2),
        ("42", 0),
        ("дом", 0),
        ("雨", 0),
        ("", 0),
    ],
)
def test_syllables_of_a_latin_word(word: str, count: int) -> None:
    assert latin_syllables(word) == count
