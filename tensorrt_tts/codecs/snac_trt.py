"""The SNAC engine (`engines.snac_engine`) on TensorRT 10: one context, one stream, fixed buffers.

Inputs and outputs live in buffers of the largest batch, at addresses that never change, so that a
CUDA graph per batch size can be replayed: at batch 1 the decoder is bound by its hundred launches.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tensorrt_tts.codecs.fixed_window import OUTSIDE, FixedWindowCodec
from tensorrt_tts.codecs.snac_config import SnacConfig
from tensorrt_tts.errors import (
    CorruptEngineError,
    EngineDiedError,
    EngineError,
    MissingDependencyError,
)

ENGINE_FILE = "snac.engine"
KIND = "snac"
"""The manifest's word for these engines."""

BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Batch sizes that are run; a batch is filled up to the next one with empty windows, so that few
graphs serve all."""


class TensorRTSession:
    """See `fixed_window.Session`. graphs: capture and replay CUDA graphs (CUDA devices only).

    Raises MissingDependencyError without tensorrt, CorruptEngineError for an engine that does not
    load here.
    """

    def __init__(self, path: Path, device: str = "cuda", graphs: bool = True) -> None:
        try:
            trt = importlib.import_module("tensorrt")
        except ImportError as error:
            raise MissingDependencyError(
                "package tensorrt is not installed; it comes with tensorrt_llm==1.2.1"
            ) from error
        self.device = torch.device(device)
        # TensorRT keeps no references: these must live as long as the context.
        self._runtime = trt.Runtime(trt.Logger(trt.Logger.WARNING))
        self._engine = self._runtime.deserialize_cuda_engine(path.read_bytes())
        if self._engine is None:
            raise CorruptEngineError(
                f"'{path}' does not load with tensorrt {trt.__version__} on this GPU; build it "
                "again"
            )
        self._context = self._engine.create_execution_context()
        names = [self._engine.get_tensor_name(i) for i in range(self._engine.num_io_tensors)]
        inputs = [n for n in names if self._engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT]
        self.noisy = len(inputs) > 1
        self.steps = int(self._engine.get_tensor_shape("codes")[2])
        self.max_batch = int(self._engine.get_tensor_profile_shape("codes", 0)[2][0])
        self._inputs = inputs
        self._buffers = {name: self._buffer(name) for name in names}
        for name, buffer in self._buffers.items():
            self._context.set_tensor_address(name, buffer.data_ptr())
        cuda = self.device.type == "cuda"
        self._stream = torch.cuda.Stream(self.device) if cuda else None
        self._replay = graphs and cuda
        self._graphs: dict[int, Any] = {}

    def run(self, codes: torch.Tensor, noise: Sequence[torch.Tensor]) -> np.ndarray:
        """Raises EngineDiedError when TensorRT refuses to run."""
        count = len(codes)
        size = min((b for b in BUCKETS if b >= count), default=self.max_batch)
        size = min(size, self.max_batch)
        with self._on_stream():
            self._buffers["codes"][count:size].fill_(OUTSIDE)
            for name, tensor in zip(self._inputs, (codes, *noise), strict=True):
                self._buffers[name][:count].copy_(tensor, non_blocking=True)
            self._execute(size)
            samples: np.ndarray = self._buffers["samples"][:count].cpu().numpy()
        return samples

    def _buffer(self, name: str) -> torch.Tensor:
        shape = [self.max_batch, *tuple(self._engine.get_tensor_shape(name))[1:]]
        dtype = torch.int64 if name == "codes" else torch.float32
        return torch.zeros(shape, dtype=dtype, device=self.device)

    @contextlib.contextmanager
    def _on_stream(self) -> Iterator[None]:
        """The engine's stream, after what the caller's stream has prepared."""
        if self._stream is None:
            yield
            return
        self._stream.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(self._stream):
            yield

    def _execute(self, size: int) -> None:
        if not self._replay:
            self._enqueue(size)
            return
        if size not in self._graphs:
            assert self._stream is not None
            self._enqueue(size)  # TensorRT allocates on the first run of a shape: not capturable
            self._stream.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=self._stream):
                self._enqueue(size)
            self._graphs[size] = graph
        self._graphs[size].replay()

    def _enqueue(self, size: int) -> None:
        for name in self._inputs:
            self._context.set_input_shape(name, (size, *self._buffers[name].shape[1:]))
        handle = self._stream.cuda_stream if self._stream is not None else 0
        if not self._context.execute_async_v3(handle):
            raise EngineDiedError("TensorRT refused to run the codec engine; restart the process")


def open_codec(folder: Path, device: str = "cuda", graphs: bool = True) -> FixedWindowCodec:
    """An engine folder's codec. Raises EngineError, CheckpointError, MissingDependencyError."""
    return FixedWindowCodec(
        SnacConfig.read(folder), TensorRTSession(folder / ENGINE_FILE, device, graphs)
    )


def find_codec_engine(checkpoint: Path, root: Path) -> Path | None:
    """The newest engine below `root` of that codec checkpoint which fits this machine, or None."""
    from engines.check import check_engine
    from engines.host import find_device
    from engines.manifest import find_engines
    from engines.snac_engine import fingerprint

    found = find_engines(root, KIND)
    if not found:
        return None
    wanted, device = fingerprint(checkpoint), find_device()
    for folder, manifest in found:
        if device is None or manifest.inputs.checkpoint != wanted:
            continue
        with contextlib.suppress(EngineError):
            check_engine(folder, device, _installed())
            return folder
    return None


def _installed() -> dict[str, str]:
    from engines.compat import tensorrt_version

    return {"tensorrt": tensorrt_version() or "none"}
