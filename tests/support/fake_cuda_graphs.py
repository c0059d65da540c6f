"""A double of CUDA streams and graphs for `fake_tensorrt`, on a machine without CUDA.

A capture records runs instead of doing them. It fails for a context that has not run before (its
first run loads kernels) and, in the "global" mode, because another thread made a CUDA call
meanwhile, as one always may. A replay does what was recorded, at the recorded shapes; where the
context has taken other shapes since, its state is no longer the graph's, and the samples are noise.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from tensorrt_tts.codecs import trt_session
from tests.support.fake_tensorrt import _Context


class FakeGraph:
    def __init__(self) -> None:
        self.recorded: list[tuple[_Context, dict[str, tuple[int, ...]]]] = []

    def replay(self) -> None:
        for context, shapes in self.recorded:
            if context.shapes == shapes:
                context.run()
            else:
                context.samples(shapes["codes"][0])[:] = float("nan")


class FakeStream:
    cuda_stream = 7

    def wait_stream(self, other: Any) -> None: ...

    def synchronize(self) -> None: ...


@dataclass
class FakeCuda:
    """modes: of each capture, in order. pinned: whether each host buffer was asked to be."""

    modes: list[str] = field(default_factory=list)
    pinned: list[bool] = field(default_factory=list)

    @contextlib.contextmanager
    def graph(
        self, graph: FakeGraph, stream: Any = None, capture_error_mode: str = "global"
    ) -> Iterator[None]:
        self.modes.append(capture_error_mode)

        def capture(context: _Context) -> None:
            if not context.width:
                raise RuntimeError("CUDA error: operation not permitted when stream is capturing")
            graph.recorded.append((context, dict(context.shapes)))

        _Context.capture = capture
        try:
            yield
        finally:
            _Context.capture = None
        if capture_error_mode == "global":
            raise RuntimeError("CUDA error: operation failed due to a previous error in capture")


def install(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    """The session then believes its device, "cpu", to be a CUDA one."""
    cuda = FakeCuda()
    plain = trt_session._host_copy

    def host_copy(buffer: torch.Tensor, pinned: bool) -> torch.Tensor:
        cuda.pinned.append(pinned)
        return plain(buffer, False)

    monkeypatch.setattr(trt_session, "_stream", lambda device: FakeStream())
    monkeypatch.setattr(trt_session, "_host_copy", host_copy)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", FakeGraph)
    monkeypatch.setattr(torch.cuda, "graph", cuda.graph)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: FakeStream())
    return cuda
