"""Which implementation of a codec runs: the engine where one is present, else torch, else ONNX."""

from __future__ import annotations

import os
from pathlib import Path

from tensorrt_tts.codecs.base import Codec
from tensorrt_tts.codecs.weights import WEIGHT_FILES

ENGINES_VARIABLE = "TENSORRT_TTS_ENGINES"
"""Where to look for engines; by default where `python -m engines` puts them."""

DEFAULT_ENGINES = Path("build/engines")


def engines_root() -> Path:
    return Path(os.environ.get(ENGINES_VARIABLE, DEFAULT_ENGINES))


def open_snac(folder: Path, noise: bool = True, device: str = "cpu") -> Codec:
    """The codec of a checkpoint or export folder.

    On a CUDA device, the checkpoint's TensorRT engine when there is one that fits (and noise is
    on: it is part of the graph). A folder that holds only snac.onnx runs on ONNX Runtime. Torch
    otherwise, which on a CPU is the fastest of the three: it computes only what a window asks for.

    Raises CheckpointError, EngineError or MissingDependencyError.
    """
    weights = any((folder / name).is_file() for name in WEIGHT_FILES)
    if weights and noise and device.startswith("cuda"):
        from tensorrt_tts.codecs.snac import trt as snac_trt
        from tensorrt_tts.codecs.trt_session import find_codec_engine

        engine = find_codec_engine(folder, engines_root(), snac_trt.KIND)
        if engine is not None:
            return snac_trt.open_codec(engine, device)
    if not weights:
        from tensorrt_tts.codecs.snac import onnx as snac_onnx

        if (folder / snac_onnx.MODEL_FILE).is_file():
            return snac_onnx.open_codec(folder, noise=noise)
    from tensorrt_tts.codecs.snac.codec import SnacCodec

    return SnacCodec.from_folder(folder, noise, device)


def open_bicodec(folder: Path, device: str = "cpu") -> Codec:
    """As `open_snac`, without noise. A folder of an export holds weights too, of a speaker's
    tokens: it is known by its bicodec.onnx."""
    from tensorrt_tts.codecs.bicodec import onnx as bicodec_onnx

    if (folder / bicodec_onnx.MODEL_FILE).is_file():
        return bicodec_onnx.open_codec(folder)
    if device.startswith("cuda"):
        from tensorrt_tts.codecs.bicodec import trt as bicodec_trt
        from tensorrt_tts.codecs.trt_session import find_codec_engine

        engine = find_codec_engine(folder, engines_root(), bicodec_trt.KIND)
        if engine is not None:
            return bicodec_trt.open_codec(engine, device)
    from tensorrt_tts.codecs.bicodec.codec import BiCodec

    return BiCodec.from_folder(folder, device)
