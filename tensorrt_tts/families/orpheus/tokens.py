"""The ids of an Orpheus-family checkpoint: control tokens and the seven audio slots.

The family writes audio as added tokens `<custom_token_N>` with consecutive ids. N < 10 are control
tokens; N = 10 + codebook_size · slot + code is an audio token. Everything is derived from where
N = 0 lies and from the codec's codebook size, so a checkpoint with another vocabulary (156 940,
156 939 or 156 951 rows in the wild; a few thousand in the voice that ships) needs no other code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tensorrt_tts.backends.base import Grammar
from tensorrt_tts.errors import CorruptCheckpointError

SLOTS = 7
"""Tokens per frame: c0 m0 f0 f1 m1 f2 f3 (SNAC levels 1, 2 and 3 hold 1, 2 and 4 codes a frame)."""

AUDIO_OFFSET = 10
"""`<custom_token_10>` is code 0 of slot 0 (canopyai/Orpheus-TTS, decoder)."""

OFFICIAL_CUSTOM_BASE = 128256
"""Id of `<custom_token_0>` in the released checkpoints: the first id after Llama 3's own."""


@dataclass(frozen=True, slots=True)
class OrpheusTokens:
    """Every id the toolkit needs of one checkpoint.

    custom_base: id of `<custom_token_0>`. begin_of_text, end_of_text: Llama's `<|begin_of_text|>`
    and `<|eot_id|>`. codebook_size: codes per slot, from the codec's config.
    """

    custom_base: int = OFFICIAL_CUSTOM_BASE
    codebook_size: int = 4096
    begin_of_text: int = 128000
    end_of_text: int = 128009

    @property
    def start_of_speech(self) -> int:
        return self.custom_base + 1

    @property
    def end_of_speech(self) -> int:
        return self.custom_base + 2

    @property
    def start_of_human(self) -> int:
        return self.custom_base + 3

    @property
    def end_of_human(self) -> int:
        return self.custom_base + 4

    @property
    def start_of_ai(self) -> int:
        return self.custom_base + 5

    @property
    def end_of_ai(self) -> int:
        return self.custom_base + 6

    @property
    def pad(self) -> int:
        return self.custom_base + 7

    @property
    def audio_base(self) -> int:
        return self.custom_base + AUDIO_OFFSET

    @property
    def audio_end(self) -> int:
        """One past the last audio id (156 938 officially: 128 266 + 7 · 4096)."""
        return self.audio_base + SLOTS * self.codebook_size

    def slot_range(self, slot: int) -> range:
        """The ids of one slot, code 0 first."""
        start = self.audio_base + slot * self.codebook_size
        return range(start, start + self.codebook_size)

    def audio_id(self, slot: int, code: int) -> int:
        return self.audio_base + slot * self.codebook_size + code

    @property
    def stop_ids(self) -> tuple[int, ...]:
        """End of speech, and end of AI and end of text as safety: fine-tunes differ in which
        they learned, and none of them can occur inside audio."""
        return (self.end_of_speech, self.end_of_ai, self.end_of_text)

    @property
    def markers(self) -> frozenset[int]:
        """Control ids that may precede audio and mean nothing there: a model prompted without
        them (the short prompt form) emits them itself."""
        return frozenset((self.start_of_ai, self.start_of_speech, self.pad))

    def grammar(self, strict: bool = True) -> Grammar:
        """One slot after the other, frame by frame."""
        slots = tuple(self.slot_range(slot) for slot in range(SLOTS))
        return Grammar(slots, stops=self.stop_ids, strict=strict)

    @classmethod
    def resolve(
        cls, token_id: Callable[[str], int | None], vocab_size: int, codebook_size: int
    ) -> OrpheusTokens:
        """Read the ids off a tokenizer, and check that they fit the checkpoint.

        token_id: a token's id, or None when the tokenizer lacks it. vocab_size: from the language
        model's config.json. codebook_size: from the codec's config.json.

        Raises CorruptCheckpointError naming the token or the size that does not fit.
        """

        def need(token: str) -> int:
            found = token_id(token)
            if found is None:
                raise CorruptCheckpointError(
                    f"tokenizer lacks {token!r}: this is not an Orpheus-family checkpoint, or its "
                    "tokenizer.json is of another model; use the tokenizer saved with the weights"
                )
            return found

        tokens = cls(
            custom_base=need("<custom_token_0>"),
            codebook_size=codebook_size,
            begin_of_text=need("<|begin_of_text|>"),
            end_of_text=need("<|eot_id|>"),
        )
        if tokens.audio_end > vocab_size:
            raise CorruptCheckpointError(
                f"vocab_size {vocab_size} in config.json is too small for audio ids up to "
                f"{tokens.audio_end - 1} (7 slots of {codebook_size} codes): codec and language "
                "model do not belong together"
            )
        for token in (tokens.begin_of_text, tokens.end_of_text):
            if token >= vocab_size or tokens.custom_base <= token < tokens.audio_end:
                raise CorruptCheckpointError(
                    f"tokenizer has {token} as the id of a text mark, which is an audio id or "
                    f"beyond the vocabulary of {vocab_size}; use the tokenizer saved with the "
                    "weights"
                )
        last = f"<custom_token_{AUDIO_OFFSET + SLOTS * codebook_size - 1}>"
        if need(last) != tokens.audio_end - 1:
            raise CorruptCheckpointError(
                f"tokenizer maps {last!r} to {token_id(last)}, expected {tokens.audio_end - 1}: "
                "its custom tokens are not consecutive"
            )
        return tokens
