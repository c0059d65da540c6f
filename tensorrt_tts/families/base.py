"""What a family of speech models is: voices, prompts, what it may emit, and how that is read. Pure.

A family turns text into prompts and token ids into the steps of a codec. It knows nothing of how
ids are generated (`backends`), nor of how steps become sound (`codecs`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self

from tensorrt_tts.audio.reference import ReferenceAudio
from tensorrt_tts.backends.base import Grammar, Prompt
from tensorrt_tts.codecs.base import Codec, Condition, Step
from tensorrt_tts.errors import SettingError, UnknownVoiceError, VoiceFileError
from tensorrt_tts.families.budget import TokenBudget
from tensorrt_tts.identifiers import find_name, identifier
from tensorrt_tts.text.reading import AsWritten, EnglishPhonemes, HindiSpelling, Reading
from tensorrt_tts.validation import shown


class TextForm(StrEnum):
    """What a checkpoint reads: spelling, or the phonemes of `text.phonemes`, beside which a voice
    whose language is Hindi reads Devanagari."""

    GRAPHEMES = "graphemes"
    PHONEMES = "phonemes"


@dataclass(frozen=True, slots=True)
class Voice:
    """A name the checkpoint was trained with, and its BCP 47 language."""

    name: str
    language: str
    also: tuple[str, ...] = field(default=(), kw_only=True)
    """Other languages that it speaks."""
    friendly_name: str = field(default="", kw_only=True)
    """What people call it, where that is not its name."""


@dataclass(frozen=True, slots=True)
class SamplingDefaults:
    """The authors' settings. Orpheus needs a repetition penalty of at least 1.1 to be stable."""

    temperature: float = 0.6
    top_p: float = 0.95
    top_k: int = 0
    repetition_penalty: float = 1.1


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of a checkpoint before any of its files is read. Each family has its own."""

    name: str
    voices: tuple[Voice, ...]
    """The first one is the default."""
    budget: TokenBudget
    codec_id: str
    """Hub id of the codec that turns its tokens into sound, where no other is given."""
    subfolder: str = ""
    """Where in its repository the language model lies; "" for a repository of its own."""
    codec_subfolder: str = ""
    """The same of the codec."""
    replaceable: bool = False
    """Whether a checkpoint's own folder may hold other voices, which then count."""
    sampling: SamplingDefaults = field(default_factory=SamplingDefaults)
    saved_sampling: bool = False
    """Whether the checkpoint's generation_config.json holds settings that were meant."""
    tags: tuple[str, ...] = ()
    """Laughter and the like, `<tag>` in a text."""
    text_form: TextForm = TextForm.GRAPHEMES
    segment_characters: int = 220
    """The longest text for one generation. The budget must leave room for it."""
    voice_files: bool = False
    """Whether a speaker is something that a file can hold."""
    cloning: bool = False
    """Whether a recording of somebody makes a voice."""

    def load(self, folder: Path, vocabulary_size: int, codec_folder: Path) -> Family:
        """With the checkpoint's tokenizer, checked against its vocabulary and its codec.

        Raises CheckpointNotFoundError or CorruptCheckpointError.
        """
        raise NotImplementedError

    def open_codec(self, folder: Path, noise: bool = True, device: str = "cpu") -> Codec:
        """What turns its tokens into sound, from a checkpoint or export folder.

        Raises CheckpointError, EngineError or MissingDependencyError.
        """
        raise NotImplementedError

    def voice(self, name: str | None) -> Voice:
        """The voice of that name (see `identifiers.find_name`) or of what people call it, or the
        default for None.

        Raises UnknownVoiceError: the model would speak with an arbitrary voice, not fail.
        """
        if name is None:
            return self.voices[0]
        names = {voice.friendly_name: voice for voice in self.voices if voice.friendly_name}
        names |= {voice.name: voice for voice in self.voices}
        found = find_name(name, names)
        if found is None:
            raise UnknownVoiceError(
                f"voice {shown(name)} is not one of {self.name}'s; choose one of: "
                + ", ".join(voice.name for voice in self.voices)
            )
        return names[found]

    def reading(self, voice: Voice) -> Reading:
        """What of a text that voice reads."""
        if self.text_form is TextForm.GRAPHEMES:
            return AsWritten()
        hindi = voice.language.partition("-")[0] == "hi"
        return HindiSpelling() if hindi else EnglishPhonemes()

    def in_folder(self, folder: Path) -> Self:
        """With the voices that a checkpoint's folder holds, where it says so and they may be
        others. Raises CorruptCheckpointError."""
        return self

    def with_voice(self, voice: Voice) -> Self:
        """With it in the place of the voice of its name, or as one more."""
        names = [identifier(known.name) for known in self.voices]
        own = identifier(voice.name)
        at = names.index(own) if own in names else len(names)
        return replace(self, voices=(*self.voices[:at], voice, *self.voices[at + 1 :]))

    def check_voice_files(self) -> None:
        """Raises VoiceFileError for a family that has none."""
        if not self.voice_files:
            raise VoiceFileError(
                f"{self.name} has no voice files: its speakers are in the weights alone, and "
                "chosen by name; use --voice"
            )

    def read_voice(self, path: Path) -> Voice:
        """A speaker from a voice file. Raises VoiceFileError."""
        raise NotImplementedError

    def voice_file(self, voice: Voice, origin: str) -> str:
        """What `read_voice` reads. origin: who it is and where from, for whoever reads the file.

        Raises VoiceFileError for a voice of which only the name is known.
        """
        raise NotImplementedError

    def check_cloning(self) -> None:
        """Raises SettingError for a family that has none."""
        if not self.cloning:
            raise SettingError(
                f"{self.name} cannot speak as a reference does: its speakers are in the weights "
                "alone, and chosen by name; use --voice, or a Spark model"
            )

    def clone(
        self,
        audio: ReferenceAudio,
        transcript: str | None,
        name: str,
        codec_folder: Path,
        device: str = "cpu",
    ) -> Voice:
        """Whoever speaks in a recording, as a voice of that name. transcript: what is said in it,
        which the prompts then hold too.

        Raises TextError, CheckpointError.
        """
        raise NotImplementedError


@dataclass(slots=True)
class FrameCounts:
    """What a parser saw of one stream."""

    accepted: int = 0
    """Frames with every id in its place."""
    concealed: int = 0
    """Frames broken by a stray token that sound all the same."""
    dropped: int = 0
    """Frames broken by a stray token that do not."""
    stray: int = 0
    """Ids that were in no position legal."""
    markers: int = 0
    """Control ids that mean nothing there, skipped."""
    cut: int = 0
    """1 if the stream ended inside a frame."""

    @property
    def frames(self) -> int:
        """Those that sound."""
        return self.accepted + self.concealed


class FrameParser(Protocol):
    """Reads one stream's ids, in any chunking; what it returns depends on the ids alone."""

    counts: FrameCounts
    tail: int
    """After `finish()`: steps already returned that belong to a cut frame. They are context only;
    the audio ends before them."""

    @property
    def condition(self) -> Condition | None:
        """What the codec has to know of the whole stream: there when the first step is."""
        ...

    def push(self, ids: Iterable[int]) -> list[Step]:
        """Steps that these ids completed. Ids after a stop id must not be pushed."""
        ...

    def finish(self) -> None:
        """The stream has ended. Sets `tail` and counts a cut frame."""
        ...


class Family(Protocol):
    """One checkpoint's family with its files read: tokenizer and token ids at hand."""

    @property
    def spec(self) -> Spec: ...

    @property
    def grammar(self) -> Grammar:
        """What the checkpoint may emit, whoever speaks, and its stops."""
        ...

    def grammar_of(self, voice: Voice) -> Grammar:
        """What it may emit after a prompt for that voice."""
        ...

    def prompt(self, text: str, voice: Voice) -> Prompt:
        """Of one segment, in the form the checkpoint reads.

        Raises TextError if the text itself encodes to control or audio tokens, and
        CorruptCheckpointError if the tokenizer lacks what the family needs.
        """
        ...

    def parser(self, voice: Voice | None = None) -> FrameParser:
        """For one stream, the answer to a prompt for that voice; None for the default one."""
        ...

    def keep(self, voice: Voice, text: str, ids: Sequence[int], most: int = 0) -> Voice:
        """The voice for prompts to come, so that they are spoken by whoever was heard: `ids`
        answered a prompt of `text` for `voice`.

        A speaker that is in the answer (Spark's globals) goes into the prompts; then nothing is
        left to choose, and such a voice is kept as it is. most: ids of audio that may go there
        where the answer holds nothing but audio (Orpheus). `voice` where nothing does.
        """
        ...

    def lasts(self, voice: Voice) -> bool:
        """Whether who is heard is the same for every request, and not made up for each: such a
        speaker may be kept once for all."""
        ...

    def with_voice(self, voice: Voice) -> Self:
        """As `Spec.with_voice`. Raises VoiceFileError for codes that the checkpoint has not."""
        ...
