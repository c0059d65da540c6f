"""How long each word of a segment takes to say, roughly, by its spelling alone. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tensorrt_tts.text.written import WrittenWord

SYLLABLE_S = 0.2
"""What the progress of speech counts for one."""
_LATIN_LETTER_S, _LATIN_SYLLABLE_S = 0.029, SYLLABLE_S / 2
_FINAL_S = 0.06
"""A letter and a syllable of an English word, and what the last word before a pause has beyond
that: half by letters, at the 59 ms that the demo voice takes for one, and half by syllables. Of
40 to 110 ms at the end 60 were the best, on 60 of its test sentences and 22 longer texts."""
_LETTER_S = 0.05
"""Of other alphabets."""
_LAST_LATIN = "\u024f"
_VOWELS = re.compile("[aeiouyà-æè-ïò-öø-ýÿ]+")
_SILENT_E = re.compile("[^aeiouyl]e$|[^aeiouytd]ed$|[^aeiouyscxzg]es$")

_DIGIT_S = 0.3
_OTHER_SCRIPTS = (
    # Not fitted: from usual speaking rates, five to six syllables a second and more.
    (re.compile("[\u0900-\u0dff]"), 0.09),  # an Indic consonant with its vowel, or a vowel
    (re.compile("[\u3041-\u30ff]"), 0.13),  # kana
    (re.compile("[\u1100-\u11ff]"), 0.07),  # a third of a Korean syllable
    (re.compile("[\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"), 0.2),
)
_VOWEL_SIGN_S = 0.05
_VIRAMA = 9
"""Its combining class: the consonant before it has no vowel."""
_PAUSE = re.compile(r"[,.;:?!…—–()|।॥،؛؟۔。，、；：？！]")


@dataclass(frozen=True, slots=True)
class ExpectedWord:
    """seconds: at an ordinary rate. pause: whether a mark behind it lets the speaker breathe."""

    seconds: float
    pause: bool


def expected(text: str, words: Sequence[WrittenWord]) -> list[ExpectedWord]:
    """Of the words of a segment, in order. text: what is said."""
    return list(_expected(text, words))


def _expected(text: str, words: Sequence[WrittenWord]) -> Iterator[ExpectedWord]:
    for index, word in enumerate(words):
        stop = words[index + 1].start if index + 1 < len(words) else len(text)
        spelt = text[word.start : word.stop]
        seconds = sum(_seconds(character) for character in spelt)
        seconds += _LATIN_SYLLABLE_S * latin_syllables(spelt)
        pause = stop == len(text) or _PAUSE.search(text, word.start + 1, stop) is not None
        yield ExpectedWord(max(_LETTER_S, seconds) + _FINAL_S * pause, pause)


def _seconds(character: str) -> float:
    category = unicodedata.category(character)
    if category[0] == "M":
        if unicodedata.combining(character) == _VIRAMA:
            return -_VOWEL_SIGN_S
        return _VOWEL_SIGN_S if "\u0900" <= character <= "\u0dff" else 0.0
    if category[0] == "N":
        return _DIGIT_S
    if category[0] != "L":
        return 0.0
    if character > "\u08ff":
        for script, seconds in _OTHER_SCRIPTS:
            if script.match(character):
                return seconds
    return _LATIN_LETTER_S if character <= _LAST_LATIN else _LETTER_S


def latin_syllables(word: str) -> int:
    """Groups of vowels, but for a silent e; 0 where there is no Latin letter."""
    composed = unicodedata.normalize("NFC", word.lower())
    letters = "".join(each for each in composed if each.isalpha())
    if not letters or letters[0] > _LAST_LATIN:
        return 0
    groups = len(_VOWELS.findall(letters))
    return max(1, groups - bool(groups > 1 and _SILENT_E.search(letters)))
