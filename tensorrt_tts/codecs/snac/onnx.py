"""The exported SNAC decoder on ONNX Runtime: the engine's graph on any machine, without torch's
convolutions. What `engines.snac_onnx` wrote is what this reads."""

from __future__ import annotations

from pathlib import Path

from tensorrt_tts.codecs.fixed_window import FixedWindowCodec
from tensorrt_tts.codecs.onnx_session import OnnxSession
from tensorrt_tts.codecs.snac.config import SnacConfig

MODEL_FILE = "snac.onnx"


def open_codec(folder: Path, threads: int = 0, noise: bool = True) -> FixedWindowCodec:
    """The codec of an export folder: snac.onnx and config.json. Raises CheckpointError, EngineError
    or MissingDependencyError."""
    config = SnacConfig.read(folder)
    return FixedWindowCodec(
        config, OnnxSession(folder / MODEL_FILE, "SNAC", "export-snac", threads), noise
    )
