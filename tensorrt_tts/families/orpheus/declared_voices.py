"""The voices that a checkpoint's config.json says it has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tensorrt_tts.errors import CorruptCheckpointError
from tensorrt_tts.families.base import Voice
from tensorrt_tts.files import read_json

_Text = Annotated[str, Field(min_length=1)]


class _Voice(BaseModel):
    name: _Text
    languages: Annotated[tuple[_Text, ...], Field(min_length=1)]
    """BCP 47, the first one its own."""
    friendly_name: str = ""


class _Config(BaseModel):
    model_config = ConfigDict(extra="ignore")

    tts_voices: tuple[_Voice, ...] = ()


def declared_voices(path: Path) -> tuple[Voice, ...]:
    """The voices of "tts_voices", the default one first; none where it is not there.

    Raises CorruptCheckpointError.
    """
    found = read_json(path, _Config).tts_voices
    names = [name for voice in found for name in {voice.name, voice.friendly_name} - {""}]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise CorruptCheckpointError(
            f"'{path}': tts_voices names {twice!r} twice; each voice has a name of its own"
        )
    return tuple(
        Voice(
            voice.name,
            voice.languages[0],
            also=voice.languages[1:],
            friendly_name=voice.friendly_name,
        )
        for voice in found
    )
