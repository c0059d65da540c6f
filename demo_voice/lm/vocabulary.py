"""Ids of the shipped language model: text symbols first, then `<custom_token_N>`.

The layout is Orpheus's with its own sizes: `<custom_token_N>` has id BASE + N, N = 1..7 are the
control tokens, and 10 + K * slot + code is audio (slots c0 m0 f0 f1 m1 f2 f3, K codes each).
"""

from __future__ import annotations

import string
from dataclasses import dataclass

SPECIALS = ("<|begin_of_text|>", "<|eot_id|>", "<|pad|>", "<|unk|>")
PUNCTUATION = " .,?!—:"
PHONEMES = "AIOTWYbdfhijklmnpstuvwzæðŋɐɑɔəɛɜɡɪɹʃʊʌʒʤʧˈˌθᵊᵻ"
"""The American part of the misaki alphabet, as hibari's heart voice uses it."""

SYMBOLS = tuple(dict.fromkeys(PUNCTUATION + PHONEMES + string.ascii_letters))
"""ASCII letters spell the voice's name in the prompt; one character is one token."""

BASE = -(-(len(SPECIALS) + len(SYMBOLS)) // 8) * 8
"""Id of `<custom_token_0>`; rounded up so that the ids in between are spare."""

START_OF_SPEECH, END_OF_SPEECH, START_OF_HUMAN, END_OF_HUMAN, START_OF_AI, END_OF_AI = range(1, 7)
FIRST_AUDIO = 10
SLOTS = 7
LEVEL_OF_SLOT = (0, 1, 2, 2, 1, 2, 2)
VOICE = "heart"


@dataclass(frozen=True)
class Vocabulary:
    """Ids for a codec of ``codes`` codes per level."""

    codes: int

    @property
    def size(self) -> int:
        """Rows of the embedding."""
        return BASE + FIRST_AUDIO + SLOTS * self.codes

    @property
    def end(self) -> int:
        """Id of the token after the last frame."""
        return BASE + END_OF_SPEECH

    def audio(self, slot: int) -> int:
        """Id of code 0 in ``slot``."""
        return BASE + FIRST_AUDIO + self.codes * slot

    def prompt(self, phonemes: str) -> list[int]:
        """Prompt ids up to and including start of speech."""
        return [
            BASE + START_OF_HUMAN,
            symbol_id("<|begin_of_text|>"),
            *(symbol_id(c) for c in f"{VOICE}: {phonemes}"),
            symbol_id("<|eot_id|>"),
            BASE + END_OF_HUMAN,
            BASE + START_OF_AI,
            BASE + START_OF_SPEECH,
        ]


_IDS = {symbol: i for i, symbol in enumerate((*SPECIALS, *SYMBOLS))}
TEXT_OFFSET = 2 + len(f"{VOICE}: ")
"""Prompt position of the first phoneme."""


def symbol_id(symbol: str) -> int:
    """Id of a text symbol; unknown ones share an id."""
    return _IDS.get(symbol, _IDS["<|unk|>"])
