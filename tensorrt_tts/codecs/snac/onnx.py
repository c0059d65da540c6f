"""The exported SNAC decoder on ONNX Runtime: the engine's graph on any machine, without torch's
convolutions. What `engines.snac_onnx` wrote is what this reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from tensorrt_tts.codecs.fixed_window import FixedWindowCodec
from tensorrt_tts.codecs.snac.config import SnacConfig
from tensorrt_tts.errors import CheckpointNotFoundError, CorruptEngineError, needs

MODEL_FILE = "snac.onnx"

MAX_BATCH = 16
"""On a CPU larger batches only cost memory: the work per window stays the same."""


class OnnxSession:
    """See `fixed_window.Session`. threads: 0 leaves the number to ONNX Runtime."""

    device = torch.device("cpu")
    max_batch = MAX_BATCH

    def __init__(self, path: Path, threads: int = 0) -> None:
        with needs("package onnxruntime is not installed; pip install 'tensorrt-tts[onnx]'"):
            import onnxruntime
        if not path.is_file():
            raise CheckpointNotFoundError(
                f"no '{path}'; export it with `python -m engines export-snac CODEC_FOLDER OUT`"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            inputs = self._session.get_inputs()
            self._names = [value.name for value in inputs]
            self.steps = int(inputs[0].shape[2])
        except Exception as error:  # ONNX Runtime's own exceptions share no base
            raise CorruptEngineError(
                f"'{path}' is not a SNAC window graph ({type(error).__name__}); export it again"
            ) from error
        self.noisy = len(inputs) > 1

    def run(self, codes: torch.Tensor, noise: Sequence[torch.Tensor]) -> np.ndarray:
        feed = dict(zip(self._names, (codes.numpy(), *(x.numpy() for x in noise)), strict=True))
        samples: np.ndarray = self._session.run(["samples"], feed)[0]
        return samples


def open_codec(folder: Path, threads: int = 0, noise: bool = True) -> FixedWindowCodec:
    """The codec of an export folder: snac.onnx and config.json. Raises CheckpointError, EngineError
    or MissingDependencyError."""
    config = SnacConfig.read(folder)
    return FixedWindowCodec(config, OnnxSession(folder / MODEL_FILE, threads), noise)
