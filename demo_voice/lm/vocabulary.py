"""Ids of the shipped language model: text symbols first, then `<custom_token_N>`.

The layout is Orpheus's with its own sizes: `<custom_token_N>` has id BASE + N, N = 1..7 are the
control tokens, and 10 + K * slot + code is audio (slots c0 m0 f0 f1 m1 f2 f3, K codes each).

The one voice "heart" is spelled in the prompt, ``heart: ``. Of several voices each is one token,
``heart:``, and the letters of their languages follow the English ones.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from functools import cached_property

from demo_voice.voices import VOICES
from tensorrt_tts.text.devanagari import LETTERS

SPECIALS = ("<|begin_of_text|>", "<|eot_id|>", "<|pad|>", "<|unk|>")
PUNCTUATION = " .,?!—:"
PHONEMES = "AIOTWYbdfhijklmnpstuvwzæðŋɐɑɔəɛɜɡɪɹʃʊʌʒʤʧˈˌθᵊᵻ"
"""The American part of the misaki alphabet, as hibari's heart voice uses it."""

SYMBOLS = tuple(dict.fromkeys(PUNCTUATION + PHONEMES + string.ascii_letters))
"""ASCII letters spell the voice's name in the prompt; one character is one token."""

START_OF_SPEECH, END_OF_SPEECH, START_OF_HUMAN, END_OF_HUMAN, START_OF_AI, END_OF_AI = range(1, 7)
FIRST_AUDIO = 10
SLOTS = 7
LEVEL_OF_SLOT = (0, 1, 2, 2, 1, 2, 2)
ALONE = ("heart",)
"""The one voice whose name is spelled."""


@dataclass(frozen=True)
class Vocabulary:
    """Ids for a codec of ``codes`` codes per level and these voices (of ``voices.VOICES``)."""

    codes: int
    voices: tuple[str, ...] = ALONE

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Text of the ids from 0 on: specials, characters, voices."""
        if self.voices == ALONE:
            return (*SPECIALS, *SYMBOLS)
        letters = [LETTERS for voice in self.voices if VOICES[voice].language == "hi"]
        names = [f"{voice}:" for voice in self.voices]
        return (*SPECIALS, *dict.fromkeys((*SYMBOLS, *"".join(letters))), *names)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {symbol: i for i, symbol in enumerate(self.symbols)}

    @property
    def base(self) -> int:
        """Id of `<custom_token_0>`; rounded up so that the ids in between are spare."""
        return -(-len(self.symbols) // 8) * 8

    @property
    def size(self) -> int:
        """Rows of the embedding."""
        return self.base + FIRST_AUDIO + SLOTS * self.codes

    @property
    def end(self) -> int:
        """Id of the token after the last frame."""
        return self.base + END_OF_SPEECH

    def audio(self, slot: int) -> int:
        """Id of code 0 in ``slot``."""
        return self.base + FIRST_AUDIO + self.codes * slot

    @property
    def names(self) -> list[str]:
        """The text of every id."""
        spare = [f"<|spare_{i}|>" for i in range(len(self.symbols), self.base)]
        custom = [f"<custom_token_{n}>" for n in range(self.size - self.base)]
        return [*self.symbols, *spare, *custom]

    @property
    def text_names(self) -> list[str]:
        """The text of the ids before the audio ids."""
        return self.names[: self.audio(0)]

    def symbol_id(self, symbol: str) -> int:
        """Id of a text symbol; unknown ones share an id."""
        return self._ids.get(symbol, self._ids["<|unk|>"])

    def head(self, voice: str) -> list[str]:
        """The symbols of a prompt in front of its text. Raises ValueError for no voice of ours."""
        if voice not in self.voices:
            raise ValueError(f"{voice!r} is none of the voices {self.voices}")
        return list(f"{voice}: ") if self.voices == ALONE else [f"{voice}:", " "]

    def text_offset(self, voice: str) -> int:
        """Prompt position of the first character of the text."""
        return 2 + len(self.head(voice))

    def prompt(self, text: str, voice: str = ALONE[0]) -> list[int]:
        """Prompt ids up to and including start of speech. text: as the voice reads it."""
        return [
            self.base + START_OF_HUMAN,
            self.symbol_id("<|begin_of_text|>"),
            *(self.symbol_id(symbol) for symbol in [*self.head(voice), *text]),
            self.symbol_id("<|eot_id|>"),
            self.base + END_OF_HUMAN,
            self.base + START_OF_AI,
            self.base + START_OF_SPEECH,
        ]
