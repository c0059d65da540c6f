"""Words in scripts that a voice cannot read. Pure."""

from __future__ import annotations

import re
import unicodedata

_BEYOND = re.compile("[\u0370-\U0010ffff]+")
_LATIN = re.compile(
    "[\u1d00-\u1eff\u2000-\u2bff\u2c60-\u2c7f\ua720-\ua7ff\uab30-\uab6f\ufb00-\ufb06\uff00-\uff65"
    "\U0001d400-\U0001d7ff]"
)
"""Latin letters in other blocks, and letters that are symbols."""
_SIGN = re.compile("[\u0370-\u03ff]")
"""One Greek letter."""
_DEVANAGARI = re.compile("[\u0900-\u097f]")


def without_foreign(text: str, devanagari: bool = False) -> tuple[str, list[str]]:
    """A text without what is in letters other than Latin ones, and those words, in order. One Greek
    letter is a sign. devanagari: whether its letters are read too."""
    words: list[str] = []

    def leave(found: re.Match[str]) -> str:
        kept: list[str] = []
        word = ""
        for character in found[0] + "\0":
            if _is_foreign(character, devanagari) or (word and character in "\u200c\u200d"):
                word += character
                continue
            if any(sign.isalpha() for sign in word) and not _SIGN.fullmatch(word):
                words.append(word)
                word = " "
            kept.append(word + character)
            word = ""
        return "".join(kept)[:-1]

    return _BEYOND.sub(leave, text), words


def _is_foreign(character: str, devanagari: bool) -> bool:
    if unicodedata.category(character)[0] not in "LM" or _LATIN.match(character):
        return False
    return not (devanagari and _DEVANAGARI.match(character))
