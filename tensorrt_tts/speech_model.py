"""What a loaded model is before anything of it is in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tensorrt_tts.families.base import Family, SamplingDefaults, Spec


@dataclass(frozen=True, slots=True)
class SpeechModel:
    """Everything about a model but its weights in memory.

    folder, codec_folder: where language model and codec lie.
    """

    name: str
    family: Family
    sampling: SamplingDefaults
    folder: Path
    codec_folder: Path

    @property
    def spec(self) -> Spec:
        return self.family.spec
