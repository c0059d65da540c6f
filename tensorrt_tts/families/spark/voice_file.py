"""A speaker of Spark-TTS as a file: what `speakers.json` says of one, and where it is from."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import model_validator

from tensorrt_tts.errors import VoiceFileError
from tensorrt_tts.families.spark.voices import SparkVoice, Speaker
from tensorrt_tts.files import read_json


class VoiceFile(Speaker):
    """origin: who it is and where from, for whoever reads the file."""

    family: Literal["spark"]
    origin: str = ""

    @model_validator(mode="after")
    def _whole_speaker(self) -> VoiceFile:
        if not self.globals:
            raise ValueError("globals is missing: a speaker's codes are what a voice file is for")
        return self

    @classmethod
    def of(cls, voice: SparkVoice, origin: str) -> VoiceFile:
        """Raises VoiceFileError where the speaker's codes are not known."""
        if not voice.globals:
            raise VoiceFileError(
                f"voice {voice.name!r} cannot be saved: no speaker of its has been heard; speak "
                "something with it first"
            )
        return cls(
            family="spark",
            origin=origin,
            name=voice.name,
            language=voice.language,
            internal=voice.internal,
            gender=voice.gender,
            style=voice.style,
            globals=voice.globals,
            reference=voice.reference,
        )

    @classmethod
    def read(cls, path: Path) -> VoiceFile:
        """Raises VoiceFileError."""
        remedy = "write one with `tensorrt-tts speak --save-voice`"
        try:
            return read_json(path, cls, VoiceFileError, remedy)
        except FileNotFoundError as error:
            raise VoiceFileError(f"no voice file '{path}'; {remedy}") from error
