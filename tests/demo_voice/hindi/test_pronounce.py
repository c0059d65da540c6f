"""Hindi words and English ones beside their phonemes."""

import importlib.util

import pytest

from demo_voice.hindi.pronounce import Word, espeak, pronounce
from tensorrt_tts.text.devanagari import spell

SAID = {
    "मेरा": "mˌeːɾaː",
    "नहीं": "nˈʌhĩ",
    "है.": "hɛː.",
    "पेड़": "pˈeːr.",
    "पेड़.": "pˈeːr..",
    "कार": "kˈaːr",
    "कार.": "kˈaːr.",
    "भाषाएँ": "bʰaːʂˈaːj",
    "राजाओं,": "ɾaːɟˈaːw,",
    "हाय": "hˈaːj",
}


def words_of(text: str) -> list[Word]:
    """With a converter that knows a few words."""
    known = {spell(word) + ("," if word[-1] == "," else ""): said for word, said in SAID.items()}
    return pronounce(text, lambda run: " ".join(known[word] for word in run.split()))


def test_scripts_have_converters_of_their_own() -> None:
    found = words_of("मेरा phone charge नहीं है।")
    assert [word.prompt for word in found] == ["मेरा", "fˈOn", "ʧˈɑɹʤ", "नहीं", "है."]
    assert [word.phonemes for word in found] == ["mˌeːɾaː", "fˈOn", "ʧˈɑɹʤ", "nˈʌhĩ", "hɛː."]
    assert found[-1].letters == "है"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("पेड़", "pˈeːr."),
        ("पेड़।", "pˈeːr.."),
        ("कार", "kˈaːr"),
        ("कार।", "kˈaːr."),
        ("phone!", "fˈOn!"),
    ],
)
def test_marks_are_the_texts_own(text: str, said: str) -> None:
    assert words_of(text)[-1].phonemes == said


def test_endings_that_espeak_swallows() -> None:
    assert words_of("भाषाएँ")[0].phonemes == "bʰaːʂˈaːˌe\u0303ː"
    assert words_of("राजाओं, भाषाएँ")[0].phonemes == "ɾaːɟˈaːˌo\u0303,"
    assert words_of("हाय")[0].phonemes == "hˈaːj"


def test_words_that_are_joined_or_split_are_read_one_by_one() -> None:
    asked = []

    def joining(run: str) -> str:
        asked.append(run)
        return run.replace(" ", "") if " " in run else f"x {run}"

    assert [word.phonemes for word in pronounce("घर चल", joining)] == ["xघर", "xचल"]
    assert asked == ["घर चल", "घर", "चल"]


@pytest.mark.skipif(
    importlib.util.find_spec("misaki") is None, reason="needs requirements/hindi-teacher.txt"
)
def test_espeak_gives_a_word_for_a_word() -> None:
    found = pronounce("सड़क पर फ़िल्म देखकर राजाओं ने पेड़ देखा।", espeak())
    assert [word.phonemes for word in found[:3]] == ["sˈʌr.ək", "pˈʌɾ", "fˈɪlmə"]
    assert found[4].phonemes == "ɾaːɟˈaːˌo\u0303"
    assert found[6].phonemes.endswith("r.")
    assert found[-1].phonemes.endswith("aː.")
