"""The voices of a Spark-TTS checkpoint and how it is prompted for them, as a file of data. Pure.

Fine-tunes differ in both, and few say how: a checkpoint folder's `speakers.json` says it for that
checkpoint, in the form of the files in `sets/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tensorrt_tts.families.base import SamplingDefaults, Voice
from tensorrt_tts.families.spark.tokens import GLOBALS, LABELS, Run
from tensorrt_tts.files import read_json
from tensorrt_tts.identifiers import identifier
from tensorrt_tts.request_settings import problem_with

FILE = "speakers.json"
"""In a checkpoint's folder."""

SETS = Path(__file__).parent / "sets"

Code = Annotated[int, Field(ge=0)]
SpeakerCodes = Annotated[tuple[Code, ...], Field(min_length=GLOBALS, max_length=GLOBALS)]
Text = Annotated[str, Field(min_length=1)]


class Gender(StrEnum):
    """In the order of their labels."""

    FEMALE = "female"
    MALE = "male"


class Level(StrEnum):
    """Of pitch and speed, in the order of their labels."""

    VERY_LOW = "very_low"
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    VERY_HIGH = "very_high"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Style(_Part):
    """A voice that is described, and made up anew each time.

    pitch_value, speed_value: exact ones, which the model would else choose from the levels first.
    """

    gender: Gender
    pitch: Level = Level.MODERATE
    speed: Level = Level.MODERATE
    pitch_value: Annotated[int, Field(ge=0, lt=LABELS[Run.PITCH_VALUE])] | None = None
    speed_value: Annotated[int, Field(ge=0, lt=LABELS[Run.SPEED_VALUE])] | None = None

    @property
    def values(self) -> tuple[int, int] | None:
        """Pitch and speed, where they are exact."""
        pitch, speed = self.pitch_value, self.speed_value
        return None if pitch is None or speed is None else (pitch, speed)

    @model_validator(mode="after")
    def _both_or_none(self) -> Style:
        if (self.pitch_value is None) != (self.speed_value is None):
            raise ValueError(
                f"pitch_value {self.pitch_value} and speed_value {self.speed_value}: give both or "
                "none"
            )
        return self


class Reference(_Part):
    """What a cloned speaker said: its words, and its semantic codes."""

    transcript: Text
    semantics: Annotated[tuple[Code, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class SparkVoice(Voice):
    """One with a style alone is described, one with globals given; with neither, the model knows
    the speaker by name and writes its tokens itself. With both, the speaker was made up from the
    style, whose values are exact.

    internal: the name that the checkpoint was trained with, if `name` is not it. globals: the codes
    of a speaker that is given. reference: of one who was heard saying something.
    """

    internal: str | None = None
    gender: Gender | None = None
    style: Style | None = None
    globals: tuple[int, ...] = ()
    reference: Reference | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,) if self.internal is None else (self.name, self.internal)


class Template(_Part):
    """content: the text as the checkpoint reads it; `{voice}` is the speaker's internal name. tag:
    how it reads a tag, which in a request's text is always `<laughs>`."""

    content: str
    tag: str = "<{tag}>"

    @field_validator("content")
    @classmethod
    def _holds_the_text(cls, content: str) -> str:
        if content.count("{text}") != 1 or content.count("{voice}") > 1:
            raise ValueError(
                f"{content!r} must hold {{text}} once, and {{voice}} at most once, such as "
                "'{voice}: {text}'"
            )
        return content

    @field_validator("tag")
    @classmethod
    def _holds_the_tag(cls, tag: str) -> str:
        if tag.count("{tag}") != 1:
            raise ValueError(f"{tag!r} must hold {{tag}} once, such as '[{{tag}}]'")
        return tag


class Speaker(_Part):
    """language: BCP 47; "und" where it is not known, "mul" where there are several."""

    name: Text
    language: Text
    internal: Text | None = None
    gender: Gender | None = None
    style: Style | None = None
    globals: tuple[Code, ...] = ()
    reference: Reference | None = None

    @field_validator("globals")
    @classmethod
    def _whole(cls, codes: tuple[int, ...]) -> tuple[int, ...]:
        if codes and len(codes) != GLOBALS:
            raise ValueError(f"{len(codes)} codes, and a speaker has {GLOBALS}; give all or none")
        return codes

    @field_validator("name")
    @classmethod
    def _can_be_asked_for(cls, name: str) -> str:
        if not identifier(name):
            raise ValueError(f"{name!r} is nothing but spaces; give a name")
        return name

    @model_validator(mode="after")
    def _one_kind(self) -> Speaker:
        if self.style is not None and self.globals and self.style.values is None:
            raise ValueError(
                f"voice {self.name!r} has a style and globals: described or given; leave one out, "
                "or give the style's pitch_value and speed_value"
            )
        if self.reference is not None and not self.globals:
            raise ValueError(
                f"voice {self.name!r} has a reference and no globals, its speaker's {GLOBALS} codes"
            )
        return self

    def voice(self) -> SparkVoice:
        return SparkVoice(
            self.name,
            self.language,
            self.internal,
            self.gender,
            self.style,
            self.globals,
            self.reference,
        )


class Sampling(_Part):
    """As `families.base.SamplingDefaults`; the defaults are those of Spark-TTS's own inference."""

    temperature: float = 0.8
    top_p: float = 0.95
    top_k: int = 50
    repetition_penalty: float = 1.0

    @model_validator(mode="after")
    def _in_range(self) -> Sampling:
        for name in type(self).model_fields:
            problem = problem_with(name, getattr(self, name))
            if problem is not None:
                raise ValueError(problem)
        return self


class SpeakerSet(_Part):
    """source: where the template and the names come from, for whoever reads the file."""

    name: Text
    source: str = ""
    template: Template
    sampling: Sampling = Sampling()
    max_tokens: Annotated[int, Field(ge=100)] = 3000
    tags: tuple[Text, ...] = ()
    voices: Annotated[tuple[Speaker, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_differ(self) -> SpeakerSet:
        names = [identifier(name) for speaker in self.voices for name in speaker.voice().names]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"voices: {twice!r} names two of them; give each its own")
        return self

    def sampling_defaults(self) -> SamplingDefaults:
        chosen = self.sampling
        return SamplingDefaults(
            chosen.temperature, chosen.top_p, chosen.top_k, chosen.repetition_penalty
        )

    @classmethod
    def read(cls, path: Path) -> SpeakerSet:
        """Raises FileNotFoundError, CorruptCheckpointError."""
        return read_json(path, cls, remedy="see families/spark/sets for the form")
