"""When each word of a speech is heard, in the spelling that was sent. Pure values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """start_s, end_s: seconds from the stream's first sample, pauses included. begin, end:
    characters of the whole text as it was sent; of one that was fed, of all that was fed.
    estimated: not from the model, but from the word's length and from the audio."""

    text: str
    start_s: float
    end_s: float
    begin: int
    end: int
    estimated: bool


def heard(words: Iterable[Word], played_s: float) -> list[Word]:
    """Those that a listener has heard who has played so many seconds: who has heard half of a word
    has understood it."""
    return [word for word in words if (word.start_s + word.end_s) / 2 <= played_s]


def joined(words: Sequence[Word]) -> str:
    """Words as a text, with one space where white space, or what was not said, was between them."""
    ends = [word.end for word in words[:1]] + [word.end for word in words[:-1]]
    return "".join(
        (" " if index and word.begin > end else "") + word.text
        for index, (word, end) in enumerate(zip(words, ends, strict=True))
    )
