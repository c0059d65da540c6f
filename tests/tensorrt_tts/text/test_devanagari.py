import unicodedata

import pytest

from tensorrt_tts.text.devanagari import LETTERS, NUKTA, is_english, spell


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("घर चलो।", "घर चलो."),
        ("धीरे-धीरे, आओ!", "धीरे धीरे, आओ!"),
        ("रुको… फिर ;चलो", "रुको. फिर, चलो"),
        ("क्या ?? हाँ ।।", "क्या? हाँ."),
        ("मेरा phone charge नहीं है।", "मेरा phone charge नहीं है."),
        ("«वाह» (सच)", "वाह, सच"),
        ("क\u200dष", "कष"),
        ("", ""),
    ],
)
def test_marks_and_spaces_are_plain(text: str, expected: str) -> None:
    assert spell(text) == expected


@pytest.mark.parametrize("consonant", sorted(NUKTA))
def test_a_dotted_consonant_is_one_character_however_it_is_written(consonant: str) -> None:
    apart = consonant + "\u093c"
    whole = NUKTA[consonant]
    assert spell(apart + "ा") == spell(whole + "ा") == whole + "ा"
    assert unicodedata.normalize("NFC", whole) == apart


def test_a_dot_on_another_letter_is_dropped() -> None:
    assert spell("य\u093cह") == "यह"


def test_letters_are_devanagari_and_single() -> None:
    assert len(set(LETTERS)) == len(LETTERS)
    assert all("\u0900" <= letter <= "\u097f" for letter in LETTERS)


def test_latin_words() -> None:
    assert [is_english(word) for word in ("phone,", "है", "I'm", ".", "बाज़ार")] == [
        True,
        False,
        True,
        False,
        False,
    ]
