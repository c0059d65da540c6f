"""A codec's engine (`engines.codec_engine`) on TensorRT 10: one stream, fixed buffers, CUDA graphs.

Inputs and outputs live in buffers of the largest batch, at addresses that never change, so that
graphs can be replayed: at batch 1 the decoder is bound by its hundred launches. Each graph has an
execution context of its own, since a context's shapes belong to its last run; all contexts share
one block of scratch memory, since only one runs at a time (NVIDIA's advice on graphs of dynamic
shapes). Everything is captured when the engine is loaded, and nothing inside a live stream.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tensorrt_tts.codecs.fixed_window import OUTSIDE
from tensorrt_tts.codecs.weights import WEIGHT_FILES
from tensorrt_tts.engine_folder.device import find_device
from tensorrt_tts.engine_folder.find import fitting_engine, installed_tensorrt
from tensorrt_tts.engine_folder.fingerprint import fingerprint_of
from tensorrt_tts.errors import (
    CheckpointNotFoundError,
    CorruptEngineError,
    EngineDiedError,
    EngineError,
    needs,
)

log = logging.getLogger(__name__)

CONFIG_FILES = ("config.json", "config.yaml")
"""Of a checkpoint, in the order in which they are looked for."""

BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Batch sizes that are run; a batch is filled up to the next one with empty windows, so that few
graphs serve all."""


class TensorRTSession:
    """See `fixed_window.Session`. graphs: capture and replay CUDA graphs (CUDA devices only).

    Raises MissingDependencyError without tensorrt, CorruptEngineError for an engine that does not
    load here, EngineError without memory for it, and EngineDiedError when its first run fails.
    """

    def __init__(self, path: Path, device: str = "cuda", graphs: bool = True) -> None:
        with needs("package tensorrt is not installed; it comes with tensorrt_llm==1.2.1"):
            self._trt = importlib.import_module("tensorrt")
        trt = self._trt
        self.device = torch.device(device)
        # TensorRT keeps no references: these must live as long as the contexts.
        self._runtime = trt.Runtime(trt.Logger(trt.Logger.WARNING))
        self._engine = self._runtime.deserialize_cuda_engine(path.read_bytes())
        if self._engine is None:
            raise CorruptEngineError(
                f"'{path}' does not load with tensorrt {trt.__version__} on this GPU; build it "
                "again"
            )
        names = [self._engine.get_tensor_name(i) for i in range(self._engine.num_io_tensors)]
        inputs = [n for n in names if self._engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT]
        self.noisy = len(inputs) > 1
        self.steps = int(self._engine.get_tensor_shape("codes")[2])
        self.max_batch = int(self._engine.get_tensor_profile_shape("codes", 0)[2][0])
        self._inputs = inputs
        self._buffers = {name: self._buffer(name) for name in names}
        self._stream = _stream(self.device)
        self._host = _host_copy(self._buffers["samples"], self._stream is not None)
        self._sizes = (*(size for size in BUCKETS if size < self.max_batch), self.max_batch)
        if self._stream is not None and graphs:
            self._runs = self._captured(self._stream)
        else:
            context = self._context(self._engine.create_execution_context())
            self._runs = {size: partial(self._enqueue, context, size) for size in self._sizes}

    def run(self, codes: torch.Tensor, noise: Sequence[torch.Tensor]) -> np.ndarray:
        """The samples are those of the next run once it begins. Raises EngineDiedError when
        TensorRT refuses to run."""
        count = len(codes)
        size = next(size for size in self._sizes if size >= count)
        with self._on_stream():
            self._buffers["codes"][count:size].fill_(OUTSIDE)
            for name, tensor in zip(self._inputs, (codes, *noise), strict=True):
                self._buffers[name][:count].copy_(tensor, non_blocking=True)
            self._runs[size]()
            self._host[:count].copy_(self._buffers["samples"][:count], non_blocking=True)
        if self._stream is not None:
            self._stream.synchronize()
        return self._host[:count].numpy()

    def _buffer(self, name: str) -> torch.Tensor:
        shape = [self.max_batch, *tuple(self._engine.get_tensor_shape(name))[1:]]
        dtype = torch.int64 if name == "codes" else torch.float32
        return torch.zeros(shape, dtype=dtype, device=self.device)

    def _context(self, context: Any) -> Any:
        if context is None:
            raise EngineError(
                "TensorRT makes no execution context for the codec engine, most often for lack of "
                "memory; give the language model's KV cache a smaller part of the GPU"
            )
        for name, buffer in self._buffers.items():
            context.set_tensor_address(name, buffer.data_ptr())
        return context

    def _captured(self, stream: torch.cuda.Stream) -> dict[int, Callable[[], None]]:
        """A graph's replay for each batch size."""
        size = self._engine.device_memory_size_v2
        self._scratch = torch.empty(max(1, size), dtype=torch.uint8, device=self.device)
        self._contexts = []
        runs = {}
        for batch in self._sizes:
            context = self._context(
                self._engine.create_execution_context(
                    self._trt.ExecutionContextAllocationStrategy.USER_MANAGED
                )
            )
            context.set_device_memory(self._scratch.data_ptr(), size)
            self._contexts.append(context)  # a graph keeps no reference either
            with self._on_stream():
                self._enqueue(context, batch)  # the first run loads kernels: not capturable
            stream.synchronize()
            graph = torch.cuda.CUDAGraph()
            # The default mode lets any thread's CUDA call break the capture: a language model's.
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                self._enqueue(context, batch)
            runs[batch] = graph.replay
        return runs

    @contextlib.contextmanager
    def _on_stream(self) -> Iterator[None]:
        """The engine's stream, after what the caller's stream has prepared."""
        if self._stream is None:
            yield
            return
        self._stream.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(self._stream):
            yield

    def _enqueue(self, context: Any, size: int) -> None:
        for name in self._inputs:
            context.set_input_shape(name, (size, *self._buffers[name].shape[1:]))
        handle = self._stream.cuda_stream if self._stream is not None else 0
        if not context.execute_async_v3(handle):
            raise EngineDiedError("TensorRT refused to run the codec engine; restart the process")


def _stream(device: torch.device) -> torch.cuda.Stream | None:
    """A stream of its own on a CUDA device; elsewhere everything runs at once."""
    return torch.cuda.Stream(device) if device.type == "cuda" else None


def _host_copy(buffer: torch.Tensor, pinned: bool) -> torch.Tensor:
    """Room on the host for that buffer. Into pinned memory a device copies by itself; what is not
    pinned goes through the driver's own staging buffer first."""
    return torch.empty(buffer.shape, dtype=buffer.dtype, pin_memory=pinned)


def fingerprint(checkpoint: Path, root: Path) -> str:
    """SHA-256 that identifies a codec checkpoint: its weights file and its config. root: as of
    `fingerprint_of`."""
    weights = _first(checkpoint, WEIGHT_FILES)
    if weights is None:
        raise CheckpointNotFoundError(f"no weights in codec folder '{checkpoint}'")
    config = _first(checkpoint, CONFIG_FILES) or checkpoint / CONFIG_FILES[0]
    return fingerprint_of([config, weights], root)


def _first(folder: Path, names: Sequence[str]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def find_codec_engine(checkpoint: Path, root: Path, kind: str) -> Path | None:
    """The newest engine of that kind below `root`, of that codec checkpoint, which fits this
    machine, or None. Why those there do not fit is logged, since torch is slower."""
    device = find_device()
    if device is None:
        return None
    try:
        return fitting_engine(
            root, kind, lambda: fingerprint(checkpoint, root), device, installed_tensorrt()
        )
    except EngineError as error:
        log.warning("the codec runs without its engine: %s", error)
        return None
