"""Hindi text to the teacher's phonemes, each word beside its letters.

Hindi words are read by espeak-ng through misaki, as Kokoro's Hindi was; words in Latin letters by
hibari's English converter, whose alphabet Kokoro shares. espeak-ng is GPL-3: a tool that makes
training labels, never part of what ships.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from tensorrt_tts.errors import MissingDependencyError
from tensorrt_tts.text.devanagari import MARKS, NUKTA, english_words, is_english, spell
from tensorrt_tts.text.phonemes import phonemize

Converter = Callable[[str], str]
_FLAPS = (NUKTA["ड"], NUKTA["ढ"])
_GLIDES = {"ाओं": ("w", "ˌo\u0303"), "ाएँ": ("j", "ˌe\u0303ː")}
"""espeak-ng 1.52 ends राजाओं and भाषाएँ in a glide; as it says आलुओं and बहुएँ."""


@dataclass(frozen=True)
class Word:
    """A word as a prompt has it and as the teacher says it, its punctuation at the end of both."""

    prompt: str
    phonemes: str

    @property
    def letters(self) -> str:
        """The prompt without its punctuation."""
        return self.prompt.rstrip(MARKS)


def espeak() -> Converter:
    """misaki's Hindi. Raises MissingDependencyError."""
    try:
        from misaki.espeak import EspeakG2P
    except ImportError as error:
        raise MissingDependencyError(
            f"Hindi training labels need the package '{error.name}'; "
            "install requirements/hindi-teacher.txt with `pip install --no-deps -r`"
        ) from error
    convert = EspeakG2P("hi")
    return lambda text: str(convert(text)[0])


def pronounce(text: str, hindi: Converter) -> list[Word]:
    """The words of a sentence. A stretch in one script is converted as a whole."""
    words: list[Word] = []
    for english, group in itertools.groupby(spell(text).split(), key=is_english):
        run = list(group)
        words += _english(run) if english else _hindi(run, hindi)
    return words


def _hindi(run: list[str], convert: Converter) -> list[Word]:
    spoken = convert(" ".join(run)).split()
    if len(spoken) != len(run):  # two words were joined, or one was split
        spoken = ["".join(convert(word).split()) for word in run]
    pairs = zip(run, spoken, strict=True)
    return [Word(word, _ending(_without_glide(said, word), word)) for word, said in pairs]


def _without_glide(said: str, word: str) -> str:
    bare = said.rstrip(MARKS)
    for spelt, (glide, vowel) in _GLIDES.items():
        if word.rstrip(MARKS).endswith(spelt) and bare.endswith(glide):
            return bare[: -len(glide)] + vowel + said[len(bare) :]
    return said


def _english(run: list[str]) -> list[Word]:
    """What the language model reads of an English word is its phonemes, as in an English prompt."""
    return [Word(phonemes, phonemes) for phonemes in english_words(run, phonemize)]


def _ending(said: str, word: str) -> str:
    """What was said, with the word's own mark at its end and no other.

    The full stop of ``r.``, espeak's ɽ, is none.
    """
    letters, mark = word.rstrip(MARKS), word[-1] if word[-1] in MARKS else ""
    bare = said.rstrip(MARKS)
    return bare + ("." if letters.endswith(_FLAPS) and bare.endswith("r") else "") + mark
