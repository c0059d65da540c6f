"""What each letter sounds like in espeak-ng's phonemes (recorded with 1.52)."""

import unicodedata

import pytest

from demo_voice.hindi.letters import letter_durations, merge_flaps, shares
from tensorrt_tts.text.devanagari import spell


@pytest.mark.parametrize(
    ("word", "phonemes", "heard"),
    [
        ("मेरा", "mˌeːɾaː", "m|ˌeː|ɾ|aː"),
        ("घर", "ɡʰˈʌɾ", "ɡʰˈʌ|ɾ"),
        ("क्या", "kːjaː", "kː||j|aː"),  # virama is silent
        ("अच्छा", "ˈʌcʰcʰaː", "ˈʌ|c||ʰcʰ|aː"),
        ("बच्चे", "bˈʌcːeː", "bˈʌ|c||ː|eː"),
        ("सत्तर", "sˈʌtːəɾ", "sˈʌ|t||ːə|ɾ"),
        ("ज्ञान", "ɡjˈaːn", "ɡ||j|ˈaː|n"),
        ("फ़िल्म", "fˈɪlmə", "f|ˈɪ|l||mə"),
        ("पढ़ना", "pˈʌɽhnaː", "pˈʌ|ɽh|n|aː"),
        ("आएँगे", "aːˈe\u0303ːɡeː", "aː|ˈe|\u0303ː|ɡ|eː"),
        ("संसार", "sənsˈaːɾ", "sə|n|s|ˈaː|ɾ"),
        ("दुःख", "dˈʊhkʰ", "d|ˈʊ|h|kʰ"),
        ("और", "ɔːɾ", "ɔː|ɾ"),
        ("पहुँचना", "pəhˈũncənˌaː", "pə|h|ˈu|\u0303n|cə|n|ˌaː"),
    ],
)
def test_letters_take_their_sounds(word: str, phonemes: str, heard: str) -> None:
    word, phonemes = spell(word), unicodedata.normalize("NFD", phonemes)
    at, found = 0, []
    for count in shares(word, phonemes):
        found.append(phonemes[at : at + count])
        at += count
    assert "|".join(found) == unicodedata.normalize("NFD", heard)
    assert at == len(phonemes)


def test_durations_are_kept_whole() -> None:
    assert letter_durations("घर", "ɡʰˈʌɾ", [3, 1, 0, 5, 4]) == [9, 4]
    assert sum(letter_durations("कखग", "xyz" * 20, [2] * 60)) == 120  # nothing like it
    assert letter_durations("fˈOn", "fˈOn", [3, 1, 5, 2]) == [3, 1, 5, 2]  # English: its phonemes


def test_a_flap_is_one_symbol() -> None:
    assert merge_flaps("sˈʌr.ək", [1, 2, 3, 4, 5, 6, 7]) == ("sˈʌɽək", [1, 2, 3, 9, 6, 7])
    assert merge_flaps("kˈʊrsɪ", [1] * 6) == ("kˈʊrsɪ", [1] * 6)
