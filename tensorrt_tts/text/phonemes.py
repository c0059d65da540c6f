"""English text to phonemes, for voices that read phonemes. No torch.

The phonemes are hibari's (Apache-2.0): the misaki alphabet, one character a symbol, American
English. Punctuation that the shipped voice never saw in training becomes the nearest one it did.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any

from tensorrt_tts.errors import MissingDependencyError, TextError
from tensorrt_tts.text.pronounced import PRONOUNCED

_PUNCTUATION = str.maketrans({";": ",", ":": ",", "…": ".", "(": ",", ")": ","})
_DROPPED = re.compile(r"[\"“”ʔ̃ː]")
_REPEATED = re.compile(r"\s*([,.?!—])(?:\s*[,.?!—])*\s*")
_ENDS = ".?!"
_LONG_NUMBER = re.compile(r"\d(?:,?\d){15,}")
"""Sixteen digits and more are a card's or an account's: said one by one. The converter has no words
for the longest."""

_LONG_WORD = re.compile(r"\S{40,}")
"""No word: an address, a path, a key. The converter's time grows with the cube of its parts; 11 s
for one of 487 characters."""


@functools.cache
def _reader() -> Any:
    """hibari's grapheme-to-phoneme converter; loads its lexicon once (about half a second)."""
    try:
        from hibari.g2p import G2P
    except ImportError as error:
        raise MissingDependencyError(
            "this voice reads phonemes and 'hibari-tts' is not installed; "
            "install it with `pip install hibari-tts`"
        ) from error
    return G2P()


def phonemize(text: str) -> str:
    """Phonemes of one sentence or clause, ending in punctuation; "" if nothing can be spoken.

    Raises MissingDependencyError, or TextError for what the converter cannot read.
    """
    reader = _reader()
    try:
        phonemes = reader(_plain(text))
    except Exception as error:  # it knows ordinary text; what else it meets raises anything
        raise TextError(
            f"text {text[:40]!r} cannot be read as English ({type(error).__name__}: {error}); "
            "say it in words"
        ) from error
    return tidy(phonemes)


def tidy(phonemes: str) -> str:
    """Only punctuation the voice knows: single marks, none in front, one at the end."""
    text = _DROPPED.sub("", phonemes.translate(_PUNCTUATION))
    text = _REPEATED.sub(lambda mark: f"{mark[1]} ", text)
    text = re.sub(r"\s+", " ", text).strip(" ,.?!—") + _closing(text)
    return text if any(c.isalpha() for c in text) else ""


def _closing(text: str) -> str:
    last = text.rstrip()[-1:]
    return last if last and last in _ENDS else "."


def _plain(text: str) -> str:
    """What is not a pronunciation that is given, which the converter takes as it is written:
    without other brackets, which would be read as such; plain digits."""
    parts, done = [], 0
    for given in PRONOUNCED.finditer(text):
        parts += [_plain_words(text[done : given.start()]), given[0]]
        done = given.end()
    return "".join(parts) + _plain_words(text[done:])


def _plain_words(text: str) -> str:
    text = re.sub(r"[\[\]]", " ", text)
    text = "".join(_plain_number(character) for character in text)
    text = _LONG_NUMBER.sub(lambda number: " ".join(re.sub(",", "", number[0])), text)
    return _LONG_WORD.sub(_in_parts, text)


def _in_parts(long: re.Match[str]) -> str:
    parts = re.sub(r"[^\w']+(?!$)", " ", long[0])
    return re.sub(r"\S{40}(?=\S)", lambda part: part[0] + " ", parts)


def _plain_number(character: str) -> str:
    """ "①" and "²" are digits to Python and no numbers to the converter; "½" is "1/2" to both."""
    if character.isascii() or unicodedata.category(character)[0] != "N":
        return character
    digit = unicodedata.digit(character, None)
    return str(digit) if digit is not None else unicodedata.normalize("NFKC", character)
