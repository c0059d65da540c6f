"""The Spark-TTS family: a set of voices, a checkpoint's token ids and its tokenizer together."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tensorrt_tts.backends.base import Grammar, Prompt
from tensorrt_tts.codecs.base import Codec
from tensorrt_tts.codecs.bicodec.config import BiCodecConfig
from tensorrt_tts.errors import CorruptCheckpointError, UnknownVoiceError
from tensorrt_tts.families.base import Spec, Voice
from tensorrt_tts.families.budget import TokenBudget
from tensorrt_tts.families.spark.frames import SparkParser
from tensorrt_tts.families.spark.prompt import Tokenizer, build_prompt, grammar
from tensorrt_tts.families.spark.tokens import GLOBALS, SparkTokens
from tensorrt_tts.families.spark.voices import FILE, SparkVoice, SpeakerSet, Template
from tensorrt_tts.identifiers import find_name
from tensorrt_tts.tokenizer import TextTokenizer
from tensorrt_tts.validation import shown

STEP_RATE = 50
"""Semantic tokens a second: a step is 320 samples of 16 kHz."""

PREFIX = GLOBALS + 7
"""Tokens before the first step at most: those of a speaker and two marks, and five more that a
described voice begins with."""

budget = partial(TokenBudget, STEP_RATE, 1, prefix=PREFIX)


@dataclass(frozen=True, slots=True)
class SparkSpec(Spec):
    """One set of voices. The released model's limit is 3000 tokens, a minute."""

    voices: tuple[SparkVoice, ...] = ()
    budget: TokenBudget = field(default_factory=budget)
    codec_id: str = "SparkAudio/Spark-TTS-0.5B"
    subfolder: str = "LLM"
    codec_subfolder: str = "BiCodec"
    replaceable: bool = True
    template: Template = field(default_factory=lambda: Template(content="{text}"))

    @classmethod
    def of(cls, speakers: SpeakerSet) -> SparkSpec:
        return cls(
            speakers.name,
            tuple(speaker.voice() for speaker in speakers.voices),
            budget(ceiling=speakers.max_tokens),
            sampling=speakers.sampling_defaults(),
            tags=speakers.tags,
            template=speakers.template,
        )

    def voice(self, name: str | None) -> SparkVoice:
        """By either of its names. Raises UnknownVoiceError."""
        if name is None:
            return self.voices[0]
        names = {given: voice for voice in self.voices for given in voice.names}
        found = find_name(name, names)
        if found is None:
            raise UnknownVoiceError(
                f"voice {shown(name)} is not one of {self.name}'s; choose one of: "
                + ", ".join(voice.name for voice in self.voices)
            )
        return names[found]

    def load(self, folder: Path, vocabulary_size: int, codec_folder: Path) -> Spark:
        """With the voices of the folder's own `speakers.json`, where it has one."""
        path = folder / FILE
        spec = SparkSpec.of(SpeakerSet.read(path)) if path.is_file() else self
        tokenizer = TextTokenizer(folder)
        config = BiCodecConfig.read(codec_folder)
        if config.speaker_encoder.token_num != GLOBALS:
            raise CorruptCheckpointError(
                f"speaker_encoder.token_num {config.speaker_encoder.token_num} in '{codec_folder}'"
                f": Spark-TTS writes {GLOBALS}; codec and language model do not belong together"
            )
        tokens = SparkTokens.resolve(
            tokenizer.token_id,
            vocabulary_size,
            config.speaker_encoder.codes,
            config.quantizer.codebook_size,
        )
        for voice in spec.voices:
            _check_codes(voice, tokens, path)
            grammar(tokens, voice)  # refuses a described one without its labels
        return Spark(spec, tokens, tokenizer)

    def open_codec(self, folder: Path, noise: bool = True, device: str = "cpu") -> Codec:
        from tensorrt_tts.codecs.bicodec.codec import BiCodec  # imports torch

        return BiCodec.from_folder(folder, device)


@dataclass(frozen=True, slots=True)
class Spark:
    """See `families.base.Family`."""

    spec: SparkSpec
    tokens: SparkTokens
    tokenizer: Tokenizer

    @property
    def grammar(self) -> Grammar:
        """That of the voice whose speaker is longest in coming, which holds the ids of all."""
        return grammar(self.tokens, max(self.spec.voices, key=self._before_the_first_step))

    def grammar_of(self, voice: Voice) -> Grammar:
        return grammar(self.tokens, self._own(voice))

    def prompt(self, text: str, voice: Voice) -> Prompt:
        spec = self.spec
        return build_prompt(
            spec.template, spec.tags, self.tokens, text, self._own(voice), self.tokenizer
        )

    def parser(self, voice: Voice | None = None) -> SparkParser:
        return SparkParser(self.tokens, self._own(voice).globals)

    def _own(self, voice: Voice | None) -> SparkVoice:
        if isinstance(voice, SparkVoice):
            return voice
        return self.spec.voice(voice.name if voice else None)

    def _before_the_first_step(self, voice: SparkVoice) -> int:
        return len(grammar(self.tokens, voice).prefix)


def _check_codes(voice: SparkVoice, tokens: SparkTokens, path: Path) -> None:
    semantics = voice.reference.semantics if voice.reference else ()
    for name, codes, ids in (
        ("globals", voice.globals, tokens.globals),
        ("reference.semantics", semantics, tokens.semantics),
    ):
        wrong = next((code for code in codes if code >= len(ids)), None)
        if wrong is not None:
            raise CorruptCheckpointError(
                f"'{path}': {name} of voice {voice.name!r} has {wrong}, and this checkpoint's codes"
                f" end at {len(ids) - 1}; they are of another codec"
            )
