"""A codec's exported window graph on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from tensorrt_tts.errors import CheckpointNotFoundError, CorruptEngineError, needs

MAX_BATCH = 16
"""On a CPU larger batches only cost memory: the work per window stays the same."""


class OnnxSession:
    """See `fixed_window.Session`."""

    device = torch.device("cpu")
    max_batch = MAX_BATCH

    def __init__(self, path: Path, codec: str, command: str, threads: int = 0) -> None:
        """codec, command: whose graph it is and what of `python -m engines` exports it. threads: 0
        leaves the number to ONNX Runtime.

        Raises CheckpointNotFoundError, CorruptEngineError or MissingDependencyError.
        """
        with needs("package onnxruntime is not installed; pip install 'tensorrt-tts[onnx]'"):
            import onnxruntime
        if not path.is_file():
            raise CheckpointNotFoundError(
                f"no '{path}'; export it with `python -m engines {command} CODEC_FOLDER OUT`"
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
                f"'{path}' is not a {codec} window graph ({type(error).__name__}); export it again"
            ) from error
        self.noisy = len(inputs) > 1

    def run(self, codes: torch.Tensor, others: Sequence[torch.Tensor]) -> np.ndarray:
        feed = dict(zip(self._names, (codes.numpy(), *(x.numpy() for x in others)), strict=True))
        samples: np.ndarray = self._session.run(["samples"], feed)[0]
        return samples
