"""Words whose pronunciation is given: `[tomato](/təmˈATO/)`, in misaki's alphabet. Pure."""

from __future__ import annotations

import re

_VOWELS = "AIOWYiuæɐɑɔəɛɜɪʊʌᵊᵻ"
_CONSONANTS = "bdfhjklmnpstvwzðŋɡɹʃʒʤʧθT"
_SOUNDS = f"{_VOWELS}{_CONSONANTS}ˈˌ"

PRONOUNCED = re.compile(
    rf"\[([^\[\]\n]{{1,300}})\]\(/(?=[^()/]*[^\x00-\x7f])([{_SOUNDS}][{_SOUNDS} ]{{0,300}})/\)"
)
"""Groups: the word, its phonemes, not all of them in ASCII, since `[kids](/kids/)` is a link."""

_NOTHING = re.compile(r"[\u0300-\u036fʔʰʲʷˠˤʼːˑ.‿|‖/\[\]()-]")
"""Marks of length, colour and syllables, which this alphabet has not."""
_TIES = re.compile("[\u035c\u0361\u200d]")
_SYLLABIC = re.compile("([lmnɫ])\u0329")
_LIKE = {
    "tʃ": "ʧ", "dʒ": "ʤ", "eɪ": "A", "ej": "A", "aɪ": "I", "aj": "I", "aʊ": "W", "aw": "W",
    "ɔɪ": "Y", "oj": "Y", "oʊ": "O", "ow": "O", "əʊ": "O", "ɝ": "ɜɹ", "ɜr": "ɜɹ", "ɜɹ": "ɜɹ",
    "ɜ": "ɜɹ", "ɚ": "əɹ", "a": "ɑ", "ɒ": "ɑ", "e": "A", "o": "O", "ɨ": "ɪ", "ʏ": "ɪ", "ʉ": "u",
    "ɯ": "u", "y": "i", "ø": "ɜɹ", "œ": "ɜɹ", "ɵ": "ə", "ɘ": "ə", "ɤ": "ʌ", "r": "ɹ", "ɻ": "ɹ",
    "ʁ": "ɹ", "ʀ": "ɹ", "ɽ": "ɹ", "ɾ": "T", "g": "ɡ", "ɣ": "ɡ", "ɟ": "ɡ", "x": "k", "χ": "k",
    "c": "k", "q": "k", "ɫ": "l", "ɭ": "l", "ɲ": "nj", "ɳ": "n", "ɴ": "ŋ", "ɱ": "m", "ʈ": "t",
    "ɖ": "d", "ʂ": "ʃ", "ɕ": "ʃ", "ʐ": "ʒ", "ʑ": "ʒ", "ç": "h", "ɦ": "h", "ʋ": "v", "β": "v",
    "ɸ": "f", "ʍ": "w", "ɥ": "w", "'": "ˈ",
}  # fmt: skip
"""IPA that is written otherwise in misaki's alphabet, or has a neighbour in it."""
_IPA = re.compile("|".join(sorted(_LIKE, key=len, reverse=True)))
_STRESSED = re.compile(rf"([ˈˌ])([{_CONSONANTS}]*)(?=[{_VOWELS}])")
_VOWEL = re.compile(rf"[{_VOWELS}]")
_FLAP = re.compile(rf"(?<=[{_VOWELS}ɹ])t(?=[{_VOWELS}])(?!ᵊn)")
"""A "t" as Americans say it in "water": a stressed vowel has its mark in front."""
_WEAK = "əᵊᵻ"


def american(ipa: str) -> str | None:
    """IPA as the nearest phonemes of misaki's American alphabet, with stress in front of its vowel;
    None where a sign of it is no sound that this alphabet has a neighbour for."""
    plain = _TIES.sub("", _SYLLABIC.sub("ᵊ\\1", ipa))
    plain = _IPA.sub(lambda found: _LIKE[found[0]], _NOTHING.sub("", plain))
    words = [_stressed(word) for word in plain.split()]
    said = " ".join(words)
    return said if said and all(sound in _SOUNDS for sound in said.replace(" ", "")) else None


def _stressed(word: str) -> str:
    word = _FLAP.sub("T", _STRESSED.sub(r"\2\1", word))
    vowel = _VOWEL.search(word)
    if "ˈ" in word or vowel is None or vowel[0] in _WEAK:
        return word
    return f"{word[: vowel.start()]}ˈ{word[vowel.start() :]}".replace("ˈˌ", "ˈ")


def by_phonemes(text: str) -> str:
    """The text without the letters of words whose phonemes are given: a voice needs to read none of
    them, whatever their script."""
    return PRONOUNCED.sub(r"[x](/\2/)", text)


def pronounced(word: str, phonemes: str) -> str:
    """Word by word, where there are as many in both: each then has its own time."""
    words, said = word.split() or [phonemes], phonemes.split()
    if len(words) != len(said):
        words, said = [" ".join(words)], [phonemes]
    return " ".join(f"[{each}](/{sounds}/)" for each, sounds in zip(words, said, strict=True))
