"""The SNAC engine on TensorRT. What `engines.codec_engine` built is what this opens."""

from __future__ import annotations

from pathlib import Path

from tensorrt_tts.codecs.fixed_window import FixedWindowCodec
from tensorrt_tts.codecs.snac.config import SnacConfig
from tensorrt_tts.codecs.trt_session import TensorRTSession

ENGINE_FILE = "snac.engine"
KIND = "snac"
"""The manifest's word for these engines."""


def open_codec(folder: Path, device: str = "cuda", graphs: bool = True) -> FixedWindowCodec:
    """An engine folder's codec. Raises CheckpointError and what `TensorRTSession` raises."""
    return FixedWindowCodec(
        SnacConfig.read(folder), TensorRTSession(folder / ENGINE_FILE, device, graphs)
    )
