"""The Spark-TTS family: a set of voices, a checkpoint's token ids and its tokenizer together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from tensorrt_tts.audio.reference import ReferenceAudio
from tensorrt_tts.backends.base import Grammar, Prompt
from tensorrt_tts.codecs.base import Codec
from tensorrt_tts.codecs.bicodec.config import BiCodecConfig
from tensorrt_tts.errors import CorruptCheckpointError, UnknownVoiceError, VoiceFileError
from tensorrt_tts.families.base import Spec, Voice
from tensorrt_tts.families.budget import TokenBudget
from tensorrt_tts.families.spark.clone import ReferenceEncoder
from tensorrt_tts.families.spark.frames import SparkParser
from tensorrt_tts.families.spark.prompt import Tokenizer, build_prompt, grammar, special_token
from tensorrt_tts.families.spark.tokens import GLOBALS, Run, SparkTokens
from tensorrt_tts.families.spark.voice_file import VoiceFile
from tensorrt_tts.families.spark.voices import (
    FILE,
    Reference,
    SparkVoice,
    SpeakerSet,
    Style,
    Template,
)
from tensorrt_tts.identifiers import find_name, identifier
from tensorrt_tts.text.transcript import check_transcript
from tensorrt_tts.tokenizer import TextTokenizer
from tensorrt_tts.validation import shown

STEP_RATE = 50
"""Semantic tokens a second: a step is 320 samples of 16 kHz."""

PREFIX = GLOBALS + 6
"""Tokens before the first step at most: those of a speaker and two marks, and four more that a
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
    voice_files: bool = True
    cloning: bool = True
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

    def read_voice(self, path: Path) -> SparkVoice:
        return VoiceFile.read(path).voice()

    def voice_file(self, voice: Voice, origin: str) -> str:
        assert isinstance(voice, SparkVoice)
        return VoiceFile.of(voice, origin).model_dump_json(exclude_none=True, indent=1)

    def clone(
        self,
        audio: ReferenceAudio,
        transcript: str | None,
        name: str,
        codec_folder: Path,
        device: str = "cpu",
    ) -> SparkVoice:
        if transcript is not None:
            check_transcript(transcript)
        encoder = ReferenceEncoder(codec_folder, self.codec_id, device)
        found = encoder.encode(audio, transcript is not None)
        voice = SparkVoice(name, self.voices[0].language, globals=found.globals)
        if transcript is None:
            return voice
        return replace(voice, reference=Reference(transcript=transcript, semantics=found.semantics))

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
            problem = _problem(voice, tokens, tokenizer)
            if problem is not None:
                raise CorruptCheckpointError(f"'{path}': {problem}")
            # Both refuse a described one without its labels.
            grammar(tokens, voice)
            build_prompt(spec.template, spec.tags, tokens, "", voice, tokenizer)
        return Spark(spec, tokens, tokenizer)

    def open_codec(self, folder: Path, noise: bool = True, device: str = "cpu") -> Codec:
        from tensorrt_tts.codecs.select import open_bicodec  # imports torch

        return open_bicodec(folder, device)


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

    def keep(self, voice: Voice, text: str, ids: Sequence[int], most: int = 0) -> Voice:
        own, parser = self._own(voice), self.parser(voice)
        parser.push(ids)
        if own.globals or parser.condition is None:
            return voice
        return replace(own, globals=parser.condition, style=own.style and self._exact(own, ids))

    def lasts(self, voice: Voice) -> bool:
        return self._own(voice).style is None

    def with_voice(self, voice: Voice) -> Spark:
        own = self._own(voice)
        problem = _problem(own, self.tokens, self.tokenizer)
        if problem is not None:
            raise VoiceFileError(problem)
        names = {identifier(name) for name in own.names}
        for known in self.spec.voices:
            twice = names & {identifier(name) for name in known.names}
            if twice and identifier(own.name) != identifier(known.name):
                raise VoiceFileError(
                    f"voice {own.name!r} has the name {twice.pop()!r}, which is {known.name!r}'s "
                    f"in {self.spec.name}; rename it"
                )
        return replace(self, spec=self.spec.with_voice(voice))

    def _exact(self, voice: SparkVoice, ids: Sequence[int]) -> Style | None:
        """Its style with the values that the answer has; None where it has none."""
        assert voice.style is not None
        if voice.style.values is not None:
            return voice.style
        found = {}
        for name, run in (("pitch_value", Run.PITCH_VALUE), ("speed_value", Run.SPEED_VALUE)):
            values = self.tokens.run(run)
            found[name] = next((token - values.start for token in ids if token in values), None)
        if None in found.values():
            return None
        return voice.style.model_copy(update=found)

    def _own(self, voice: Voice | None) -> SparkVoice:
        if isinstance(voice, SparkVoice):
            return voice
        return self.spec.voice(voice.name if voice else None)

    def _before_the_first_step(self, voice: SparkVoice) -> int:
        return len(grammar(self.tokens, voice).prefix)


def _problem(voice: SparkVoice, tokens: SparkTokens, tokenizer: Tokenizer) -> str | None:
    """What is wrong with a voice's codes, which are of one codec, or with what it said; None for
    nothing."""
    semantics = voice.reference.semantics if voice.reference else ()
    transcript = voice.reference.transcript if voice.reference else ""
    special = special_token(transcript, tokenizer)
    if special is not None:
        return (
            f"reference.transcript of voice {voice.name!r} spells the special token {special}; "
            "remove or respell it"
        )
    for name, codes, ids in (
        ("globals", voice.globals, tokens.globals),
        ("reference.semantics", semantics, tokens.semantics),
    ):
        wrong = next((code for code in codes if code >= len(ids)), None)
        if wrong is not None:
            return (
                f"{name} of voice {voice.name!r} has {wrong}, and this checkpoint's codes end at "
                f"{len(ids) - 1}; they are of another codec"
            )
    return None
