"""What a voice reads of a text: its letters, English phonemes, or Devanagari with such phonemes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from tensorrt_tts.text.devanagari import read_hindi
from tensorrt_tts.text.phoneme_words import phoneme_spans
from tensorrt_tts.text.pronounced import by_phonemes
from tensorrt_tts.text.scripts import without_foreign
from tensorrt_tts.text.written import WrittenWord

Span = tuple[int, int]


class Reading(Protocol):
    """From the text of a segment to what its prompt says."""

    @property
    def languages(self) -> str:
        """That it is made for, in words; "" for those of whichever text there is."""
        ...

    @property
    def numbers(self) -> Literal["english", "sentence"]:
        """In which language they are said, see `SpokenOptions`."""
        ...

    @property
    def longest(self) -> int:
        """Characters of a segment that its voice was trained for; 0 where only the model has a
        limit."""
        ...

    @property
    def phonemes(self) -> bool:
        """Whether it takes a word's pronunciation that is given, see `text.pronounced`."""
        ...

    def without_foreign(self, text: str) -> tuple[str, list[str]]:
        """The text without words that it cannot read, and those words, in order."""
        ...

    def read(self, text: str) -> str:
        """ "" if there is nothing to speak. Raises TextError, MissingDependencyError."""
        ...

    def spans(self, text: str, words: Sequence[WrittenWord], read: str) -> list[Span]:
        """Of each word of `text` the span of `read`, which was made of it; none where that is not
        known."""
        ...


@dataclass(frozen=True, slots=True)
class AsWritten:
    """The text itself."""

    languages: str = ""
    numbers: Literal["english", "sentence"] = "sentence"
    longest: int = 0
    phonemes: bool = False

    def without_foreign(self, text: str) -> tuple[str, list[str]]:
        return text, []

    def read(self, text: str) -> str:
        return text

    def spans(self, text: str, words: Sequence[WrittenWord], read: str) -> list[Span]:
        return [(word.start, word.stop) for word in words]


@dataclass(frozen=True, slots=True)
class EnglishPhonemes:
    """See `text.phonemes`."""

    languages: str = "English"
    numbers: Literal["english", "sentence"] = "english"
    longest: int = 0
    phonemes: bool = True

    def without_foreign(self, text: str) -> tuple[str, list[str]]:
        return without_foreign(by_phonemes(text))

    def read(self, text: str) -> str:
        return _phonemes(text)

    def spans(self, text: str, words: Sequence[WrittenWord], read: str) -> list[Span]:
        return phoneme_spans(text, words, read, _phonemes)


@dataclass(frozen=True, slots=True)
class HindiSpelling:
    """See `text.devanagari`."""

    languages: str = "Hindi and English"
    numbers: Literal["english", "sentence"] = "sentence"
    longest: int = 90
    """The demo voice's Hindi training sentences have up to 101 characters, 71 in 99 of 100."""
    phonemes: bool = True

    def without_foreign(self, text: str) -> tuple[str, list[str]]:
        return without_foreign(by_phonemes(text), devanagari=True)

    def read(self, text: str) -> str:
        return read_hindi(text, _phonemes)

    def spans(self, text: str, words: Sequence[WrittenWord], read: str) -> list[Span]:
        return phoneme_spans(text, words, read, self.read, devanagari=True)


def _phonemes(text: str) -> str:
    from tensorrt_tts.text import phonemes

    return phonemes.phonemize(text)
