"""The BiCodec engine on TensorRT. What `engines.codec_engine` built is what this opens."""

from __future__ import annotations

from pathlib import Path

from tensorrt_tts.codecs.bicodec.windows import BiCodecWindows
from tensorrt_tts.codecs.trt_session import TensorRTSession

ENGINE_FILE = "bicodec.engine"
KIND = "bicodec"
"""The manifest's word for these engines."""


def open_codec(folder: Path, device: str = "cuda", graphs: bool = True) -> BiCodecWindows:
    """An engine folder's codec. Raises CheckpointError and what `TensorRTSession` raises."""
    session = TensorRTSession(folder / ENGINE_FILE, device, graphs)
    return BiCodecWindows.from_folder(folder, session)
