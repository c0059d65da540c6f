"""The exported BiCodec decoder on ONNX Runtime. What `engines.bicodec_onnx` wrote is what this
reads."""

from __future__ import annotations

from pathlib import Path

from tensorrt_tts.codecs.bicodec.windows import BiCodecWindows
from tensorrt_tts.codecs.onnx_session import OnnxSession

MODEL_FILE = "bicodec.onnx"


def open_codec(folder: Path, threads: int = 0) -> BiCodecWindows:
    """The codec of an export folder. Raises CheckpointError, EngineError or
    MissingDependencyError."""
    session = OnnxSession(folder / MODEL_FILE, "BiCodec", "export-bicodec", threads)
    return BiCodecWindows.from_folder(folder, session)
