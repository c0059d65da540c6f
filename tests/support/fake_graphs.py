"""A double of CUDA graphs of torch's own operations, on a machine without CUDA.

A capture records every operation; a replay does them again on the tensors that they were given,
and writes into those that they made, as a GPU would. What a capture must not do fails: waiting for
a value, and beginning inside another one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tensorrt_tts.codecs import graph_replay
from tests.support.fake_cuda_graphs import FakeStream

WAITS = ("aten::_local_scalar_dense", "aten::nonzero", "aten::equal")


class _Recorder(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.name().startswith(WAITS):
            raise RuntimeError("CUDA error: operation not permitted when stream is capturing")
        kwargs = kwargs or {}
        made = func(*args, **kwargs)
        self.done.append((func, args, kwargs, made))
        return made


class FakeGraph:
    """modes, pools: of all captures, in order."""

    modes: ClassVar[list[str]] = []
    pools: ClassVar[list[Any]] = []

    def capture_begin(self, pool: Any = None, capture_error_mode: str = "global") -> None:
        self.modes.append(capture_error_mode)
        self.pools.append(pool)
        self._recorder = _Recorder()
        self._recorder.__enter__()

    def capture_end(self) -> None:
        self._recorder.__exit__(None, None, None)

    def replay(self) -> None:
        for func, args, kwargs, made in self._recorder.done:
            again = func(*args, **kwargs)
            for tensor, its in zip(tree_leaves(made), tree_leaves(again), strict=True):
                if isinstance(tensor, torch.Tensor) and tensor.data_ptr() != its.data_ptr():
                    tensor.copy_(its)


def install(monkeypatch: pytest.MonkeyPatch) -> type[FakeGraph]:
    """`GraphReplays` then takes the CPU for a CUDA device."""

    def pageable(shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        return torch.zeros(tuple(shape), dtype=dtype)

    monkeypatch.setattr(graph_replay, "_pinned", pageable)
    monkeypatch.setattr(FakeGraph, "modes", [])
    monkeypatch.setattr(FakeGraph, "pools", [])
    monkeypatch.setattr(torch.cuda, "CUDAGraph", FakeGraph)
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: FakeStream())
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: "pool")
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: FakeStream())
    return FakeGraph
