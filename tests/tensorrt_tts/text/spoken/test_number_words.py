"""Number words: our own expectations, and another library's where it is installed."""

from __future__ import annotations

from unicodedata import is_normalized, normalize

import pytest

from tensorrt_tts.text.spoken.languages import ENGLISH, HINDI, LANGUAGES, TELUGU, Language
from tensorrt_tts.text.spoken.number import number

SAMPLES = [
    *range(1001),
    *(1100, 1234, 1999, 2000, 2001, 5083, 9300, 9999, 10_000, 10_001, 12_345, 99_999),
    *(100_000, 100_001, 100_100, 105_000, 123_456, 150_000, 500_300, 999_999, 1_000_000),
    *(7_000_000, 9_999_999, 10_000_000, 12_345_678, 20_000_000, 50_700_000, 999_999_999),
]
_SPELLINGS = {  # another spelling of the same word
    "छः": "छह", "अट्ठारह": "अठारह", "अठासी": "अट्ठासी", "पचानवे": "पंचानबे", "छयासठ": "छियासठ",
    "तिरेपन": "तिरपन", "सरसठ": "सड़सठ", "चौंतालीस": "चौवालीस", "इक्यानवे": "इक्यानबे", "बानवे": "बानबे",
    "तिरानवे": "तिरानबे", "चौरानवे": "चौरानबे", "छियानवे": "छियानबे", "सत्तानवे": "सत्तानबे",
    "अट्ठानवे": "अट्ठानबे", "निन्यानवे": "निन्यानबे",
}  # fmt: skip
"""indic-numtowords' word, and ours, which is CLDR's; its चौंतालीस for 44 is wrong."""


@pytest.mark.parametrize("language", [HINDI, TELUGU])
def test_as_another_library_has_them(language: Language) -> None:
    library = pytest.importorskip("indic_numtowords")
    for value in SAMPLES:
        theirs = normalize("NFC", library.num2words(value, lang=language.code, variations=False))
        words = " ".join(_SPELLINGS.get(word, word) for word in theirs.split())
        assert language.cardinal(value) == words, value


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_the_tables_are_whole(language: Language) -> None:
    assert len(language.small) == len(set(language.small)) == 100
    assert len(language.months) == 12
    assert is_normalized("NFC", repr((language.small, language.words, language.units)))
    assert is_normalized("NFC", repr((language.currencies, language.scales, language.months)))
    assert set(language.words) == set(ENGLISH.words)
    assert set(language.units) == set(ENGLISH.units)
    assert set(language.currencies) == set(ENGLISH.currencies)
    assert set(language.scales) == set(ENGLISH.scales)


@pytest.mark.parametrize(
    ("value", "western", "indian"),
    [
        (0, "zero", "zero"),
        (15, "fifteen", "fifteen"),
        (40, "forty", "forty"),
        (101, "one hundred one", "one hundred one"),
        (1000, "one thousand", "one thousand"),
        (123_456, "one hundred twenty three thousand four hundred fifty six",
         "one lakh twenty three thousand four hundred fifty six"),
        (10**7, "ten million", "one crore"),
        (1_400_000_000, "one billion four hundred million", "one hundred forty crore"),
        (10**12, "one trillion", "one lakh crore"),
    ],
)  # fmt: skip
def test_english(value: int, western: str, indian: str) -> None:
    assert ENGLISH.cardinal(value) == western
    assert ENGLISH.cardinal(value, indian=True) == indian


@pytest.mark.parametrize(
    ("value", "hindi", "telugu"),
    [
        (44, "चौवालीस", "నలభై నాలుగు"),
        (10**9, "एक अरब", "వంద కోట్లు"),
        (1_400_000_000, "एक अरब चालीस करोड़", "నూట నలభై కోట్లు"),
        (10**11, "एक खरब", "పది వేల కోట్లు"),
        (12 * 10**12, "एक सौ बीस खरब", "పన్నెండు లక్షల కోట్లు"),
    ],
)
def test_beyond_what_the_library_has(value: int, hindi: str, telugu: str) -> None:
    assert HINDI.cardinal(value) == hindi
    assert TELUGU.cardinal(value) == telugu


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1066, "one thousand sixty six"),
        (1900, "nineteen hundred"),
        (1905, "nineteen oh five"),
        (1999, "nineteen ninety nine"),
        (2000, "two thousand"),
        (2005, "two thousand five"),
        (2010, "twenty ten"),
        (2100, "two thousand one hundred"),
    ],
)
def test_english_years(value: int, said: str) -> None:
    assert ENGLISH.year(value) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("007", "zero zero seven"),
        ("1234567890", "one two three four five six seven eight nine zero"),
        ("1,234,567,890", "one billion two hundred thirty four million five hundred sixty seven "
         "thousand eight hundred ninety"),
        ("5000000000", "five billion"),
        ("9" * 5000, " ".join(["nine"] * 5000)),
        (".5", "zero point five"),
        ("-3.14", "minus three point one four"),
    ],
)  # fmt: skip
def test_written_numbers(written: str, said: str) -> None:
    assert ENGLISH.number(number(written)) == said
