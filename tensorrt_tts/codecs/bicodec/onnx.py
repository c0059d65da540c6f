"""The exported BiCodec decoder on ONNX Runtime. What `engines.bicodec_onnx` wrote is what this
reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from tensorrt_tts.codecs.base import Window
from tensorrt_tts.codecs.bicodec.config import BiCodecConfig
from tensorrt_tts.codecs.bicodec.speaker import Speaker, Speakers
from tensorrt_tts.codecs.bicodec.stages import Weights, style_names
from tensorrt_tts.codecs.fixed_window import FixedWindows, Session
from tensorrt_tts.codecs.onnx_session import OnnxSession
from tensorrt_tts.codecs.weights import read_weights

MODEL_FILE = "bicodec.onnx"

SPEAKER_FILE = "model.safetensors"
"""What makes a vector and styles of a speaker's tokens: 5 MB of the released 390."""

DEFAULT_STEPS = 184
"""Window width W: of 184 steps, 50 are exact in mid-stream, a hop of a second."""


class BiCodecWindows(FixedWindows):
    """speakers: as of the torch codec."""

    def __init__(self, config: BiCodecConfig, speakers: Speakers, session: Session) -> None:
        super().__init__("BiCodec", config.context(), 1, session, DEFAULT_STEPS)
        self._speakers = speakers

    def _others(self, tiles: Sequence[Window]) -> list[torch.Tensor]:
        speakers = []
        for tile in tiles:
            if tile.condition is None:
                raise ValueError("a window of no speaker: BiCodec needs a stream's condition")
            speakers.append(self._speakers.speaker(tile.condition))
        stacked = Speaker.stack(speakers)
        return [stacked.vector, stacked.styles]


def open_codec(folder: Path, threads: int = 0) -> BiCodecWindows:
    """The codec of an export folder. Raises CheckpointError, EngineError or
    MissingDependencyError."""
    config = BiCodecConfig.read(folder)
    weights: Weights = read_weights(folder, lambda name: True)[1]
    speakers = Speakers(config, weights, style_names(config), torch.device("cpu"))
    session = OnnxSession(folder / MODEL_FILE, "BiCodec", "export-bicodec", threads)
    return BiCodecWindows(config, speakers, session)
