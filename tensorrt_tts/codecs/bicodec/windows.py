"""BiCodec's exported decoder, whatever runs it: windows of one width, and the speaker of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from tensorrt_tts.codecs.base import Window
from tensorrt_tts.codecs.bicodec.config import BiCodecConfig
from tensorrt_tts.codecs.bicodec.speaker import Speakers
from tensorrt_tts.codecs.bicodec.stages import style_names
from tensorrt_tts.codecs.fixed_window import FixedWindows, Session
from tensorrt_tts.codecs.weights import read_weights

SPEAKER_FILE = "model.safetensors"
"""What makes a vector and styles of a speaker's tokens: 5 MB of the released 390."""

DEFAULT_STEPS = 184
"""Window width W: of 184 steps, 50 are exact in mid-stream, a hop of a second."""


class BiCodecWindows(FixedWindows):
    """speakers: as of the torch codec, on the session's device."""

    def __init__(self, config: BiCodecConfig, speakers: Speakers, session: Session) -> None:
        super().__init__("BiCodec", config.context(), 1, session, DEFAULT_STEPS)
        self._speakers = speakers

    @classmethod
    def from_folder(cls, folder: Path, session: Session) -> BiCodecWindows:
        """folder: of an export or an engine. Raises CheckpointError."""
        config = BiCodecConfig.read(folder)
        _, weights = read_weights(folder)
        return cls(config, Speakers(config, weights, style_names(config), session.device), session)

    def _others(self, tiles: Sequence[Window]) -> list[torch.Tensor]:
        stacked = self._speakers.stacked(tiles)
        return [stacked.vector, stacked.styles]
