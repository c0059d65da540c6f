"""What a loaded model is before anything of it is in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tensorrt_tts.families.base import Family, SamplingDefaults, Spec, Voice


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

    def with_voice(self, voice: Voice) -> SpeechModel:
        """See `Family.with_voice`."""
        return replace(self, family=self.family.with_voice(voice))
