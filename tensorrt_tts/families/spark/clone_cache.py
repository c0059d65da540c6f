"""What recordings were encoded to, so that each is encoded once: files named by what went in.

Nothing rests on them: where one is missing, damaged or cannot be written, the recording is encoded
again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

from tensorrt_tts.audio.whole_file import WholeFile
from tensorrt_tts.errors import CheckpointError, OutputError, reason
from tensorrt_tts.families.spark.voices import Code, SpeakerCodes
from tensorrt_tts.files import read_json
from tensorrt_tts.notice import notice

VARIABLE = "TENSORRT_TTS_CACHE"
"""Where it is kept; by default in the user's cache folder."""


def cache_folder() -> Path:
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen)
    try:
        user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # a user without a home
        user = Path(tempfile.gettempdir())
    return user / "tensorrt-tts"


class EncodedReference(BaseModel):
    """globals: who speaks. semantics: what is said, empty where nobody asked. check: of the two,
    which no reader could otherwise tell from other codes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    globals: SpeakerCodes
    semantics: tuple[Code, ...] = ()
    check: str

    @classmethod
    def of(cls, speaker: Sequence[int], semantics: Sequence[int] = ()) -> EncodedReference:
        check = _digest([tuple(speaker), tuple(semantics)])
        return cls(globals=tuple(speaker), semantics=tuple(semantics), check=check)

    @model_validator(mode="after")
    def _as_written(self) -> EncodedReference:
        if self.check != _digest([self.globals, self.semantics]):
            raise ValueError("check is not that of the codes; the file was changed")
        return self


class CloneCache:
    """folder: made where it is needed, for its owner's eyes only: it holds people's voices."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: str) -> EncodedReference | None:
        path = self._path(key)
        try:
            return read_json(path, EncodedReference, remedy="it is made again")
        except FileNotFoundError:
            return None
        except CheckpointError as error:
            notice(f"warning: {error}")
            return None

    def keep(self, key: str, encoded: EncodedReference) -> None:
        """By one rename: a reader sees all of it, or none."""
        path = self._path(key)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with WholeFile(path) as file:
                file.handle.write(encoded.model_dump_json().encode())
        except (OSError, OutputError) as error:
            notice(
                f"warning: a cloned voice cannot be kept in '{path.parent}' ({reason(error)}), and "
                f"will be encoded again; set {VARIABLE} to another folder"
            )

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
