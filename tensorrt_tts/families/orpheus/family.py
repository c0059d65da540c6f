"""The Orpheus family: a checkpoint's spec, its token ids and its tokenizer, put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Self

from tensorrt_tts.backends.base import Grammar, Prompt
from tensorrt_tts.codecs.base import Codec
from tensorrt_tts.codecs.snac.config import SnacConfig
from tensorrt_tts.families.base import Spec, Voice
from tensorrt_tts.families.budget import TokenBudget
from tensorrt_tts.families.orpheus.declared_voices import declared_voices
from tensorrt_tts.families.orpheus.frames import FrameParser
from tensorrt_tts.families.orpheus.prompt import (
    ORPHEUS_PROMPT,
    HeardVoice,
    PromptForm,
    Tokenizer,
    build_prompt,
)
from tensorrt_tts.families.orpheus.tokens import SLOTS, OrpheusTokens
from tensorrt_tts.tokenizer import TextTokenizer

budget = partial(TokenBudget, 24000 / 2048, SLOTS)
"""Of SNAC's frames, seven tokens each."""


@dataclass(frozen=True, slots=True)
class OrpheusSpec(Spec):
    """One variant of the family. Its checkpoints were trained on clips of up to about 15 s (1200
    tokens), which is 220 characters of speech in an alphabet."""

    budget: TokenBudget = field(default_factory=budget)
    codec_id: str = "hubertsiuzdak/snac_24khz"
    prompt: PromptForm = ORPHEUS_PROMPT

    def load(self, folder: Path, vocabulary_size: int, codec_folder: Path) -> Orpheus:
        spec = self.in_folder(folder)
        tokenizer = TextTokenizer(folder)
        codebook_size = SnacConfig.read(codec_folder).codebook_size
        tokens = OrpheusTokens.resolve(tokenizer.token_id, vocabulary_size, codebook_size)
        return Orpheus(spec, tokens, tokenizer)

    def in_folder(self, folder: Path) -> Self:
        voices = declared_voices(folder / "config.json") if self.replaceable else ()
        return replace(self, voices=voices) if voices else self

    def open_codec(self, folder: Path, noise: bool = True, device: str = "cpu") -> Codec:
        from tensorrt_tts.codecs.select import open_snac  # imports torch

        return open_snac(folder, noise, device)


@dataclass(frozen=True, slots=True)
class Orpheus:
    """See `families.base.Family`."""

    spec: OrpheusSpec
    tokens: OrpheusTokens
    tokenizer: Tokenizer

    @property
    def grammar(self) -> Grammar:
        return self.tokens.grammar()

    def grammar_of(self, voice: Voice) -> Grammar:
        return self.grammar

    def prompt(self, text: str, voice: Voice) -> Prompt:
        return build_prompt(self.spec.prompt, self.tokens, text, voice, self.tokenizer)

    def parser(self, voice: Voice | None = None) -> FrameParser:
        return FrameParser(self.tokens)

    def keep(self, voice: Voice, text: str, ids: Sequence[int], most: int = 0) -> Voice:
        """The first frames of the answer that are whole, as many as `most` ids hold."""
        heard: list[int] = []
        for first in range(0, min(most, len(ids)) // SLOTS * SLOTS, SLOTS):
            frame = ids[first : first + SLOTS]
            if any(token not in self.tokens.slot_range(at) for at, token in enumerate(frame)):
                break
            heard += frame
        if not heard or isinstance(voice, HeardVoice):
            return voice
        said = HeardVoice(voice.name, voice.language, text, tuple(heard))
        return replace(said, also=voice.also, friendly_name=voice.friendly_name)

    def lasts(self, voice: Voice) -> bool:
        return True

    def with_voice(self, voice: Voice) -> Orpheus:
        return replace(self, spec=self.spec.with_voice(voice))
