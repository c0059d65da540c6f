"""A double of TensorRT 10's Python API that really runs the graph, with ONNX Runtime, on the memory
whose addresses it is given. It has TensorRT's manners: failure is None or False and not an
exception, an undefined or too large shape is refused, unknown attributes do not exist. A context
whose memory is the user's refuses to run without enough of it, and `fake_cuda_graphs` captures runs
instead of doing them.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

__version__ = "10.14.1.48"

TensorIOMode = SimpleNamespace(INPUT="input", OUTPUT="output")
MemoryPoolType = SimpleNamespace(WORKSPACE="workspace")
BuilderFlag = SimpleNamespace(FP16="fp16", TF32="tf32")

ExecutionContextAllocationStrategy = SimpleNamespace(STATIC="static", USER_MANAGED="user")

SCRATCH = 4096
"""Bytes that a context of any engine needs beside its inputs and outputs."""

builds: list[dict[str, Any]] = []
fails: set[str] = set()


class Logger:
    WARNING = 2

    def __init__(self, severity: int) -> None:
        self.severity = severity


class _Network:
    def __init__(self) -> None:
        self.graph = b""
        self.inputs: list[SimpleNamespace] = []

    @property
    def num_inputs(self) -> int:
        return len(self.inputs)

    def get_input(self, index: int) -> SimpleNamespace:
        return self.inputs[index]


class OnnxParser:
    def __init__(self, network: _Network, logger: Logger) -> None:
        self._network = network
        self.num_errors = 0

    def parse(self, graph: bytes) -> bool:
        import onnx

        if "parse" in fails:
            self.num_errors = 1
            return False
        model = onnx.load_from_string(graph)
        self._network.graph = graph
        for value in model.graph.input:
            dims = value.type.tensor_type.shape.dim
            shape = tuple(-1 if d.dim_param else d.dim_value for d in dims)
            self._network.inputs.append(SimpleNamespace(name=value.name, shape=shape))
        return True

    def get_error(self, index: int) -> str:
        return "In node 3: unsupported operator"


class _Config:
    def __init__(self) -> None:
        self.flags = {"tf32"}  # on by default, as in TensorRT
        self.profile: _Profile | None = None
        self.workspace = 0

    def set_flag(self, flag: str) -> None:
        self.flags.add(flag)

    def clear_flag(self, flag: str) -> None:
        self.flags.discard(flag)

    def set_memory_pool_limit(self, pool: str, size: int) -> None:
        assert pool == "workspace"
        self.workspace = size

    def add_optimization_profile(self, profile: _Profile) -> int:
        self.profile = profile
        return 0


class _Profile:
    def __init__(self) -> None:
        self.shapes: dict[str, list[tuple[int, ...]]] = {}

    def set_shape(
        self, name: str, min: tuple[int, ...], opt: tuple[int, ...], max: tuple[int, ...]
    ) -> None:
        self.shapes[name] = [min, opt, max]


class Builder:
    def __init__(self, logger: Logger) -> None: ...

    def create_network(self, flags: int = 0) -> _Network:
        return _Network()

    def create_builder_config(self) -> _Config:
        return _Config()

    def create_optimization_profile(self) -> _Profile:
        return _Profile()

    def build_serialized_network(self, network: _Network, config: _Config) -> bytes | None:
        if "build" in fails:
            return None
        assert config.profile is not None
        assert {i.name for i in network.inputs} == set(config.profile.shapes)  # TensorRT insists
        builds.append({"flags": set(config.flags), "workspace": config.workspace})
        return json.dumps(config.profile.shapes).encode() + b"\n" + network.graph


class _Engine:
    def __init__(self, shapes: dict[str, Any], graph: bytes) -> None:
        import onnxruntime

        self._shapes = shapes
        self.session = onnxruntime.InferenceSession(graph)
        self._io = [*self.session.get_inputs(), *self.session.get_outputs()]
        self.num_io_tensors = len(self._io)

    def get_tensor_name(self, index: int) -> str:
        return str(self._io[index].name)

    def get_tensor_mode(self, name: str) -> str:
        return "input" if name in self._shapes else "output"

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        shape = next(value.shape for value in self._io if value.name == name)
        return tuple(-1 if isinstance(size, str) else size for size in shape)

    def get_tensor_profile_shape(self, name: str, profile: int) -> list[tuple[int, ...]]:
        assert profile == 0
        return [tuple(shape) for shape in self._shapes[name]]

    @property
    def device_memory_size_v2(self) -> int:
        return SCRATCH

    def create_execution_context(
        self, strategy: str = ExecutionContextAllocationStrategy.STATIC
    ) -> _Context | None:
        return None if "context" in fails else _Context(self, strategy)


class _Context:
    ran: ClassVar[list[int]] = []
    made: ClassVar[list[_Context]] = []
    capture: ClassVar[Callable[[_Context], None] | None] = None
    """What a capturing stream does with a run, set by `fake_cuda_graphs`."""

    def __init__(self, engine: _Engine, strategy: str) -> None:
        self._engine = engine
        self._addresses: dict[str, int] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.memory: tuple[int, int] | None = (0, SCRATCH) if strategy == "static" else None
        self.width = 0
        self.made.append(self)

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return True

    def set_device_memory(self, memory: int, size: int) -> None:
        self.memory = (memory, size)

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        low, _, high = self._engine.get_tensor_profile_shape(name, 0)
        fits = all(a <= b <= c for a, b, c in zip(low, shape, high, strict=True))
        if fits:
            self.shapes[name] = shape
        return fits

    def execute_async_v3(self, stream_handle: int) -> bool:
        if "execute" in fails or self.memory is None or self.memory[1] < SCRATCH:
            return False
        capture = type(self).capture
        if capture is not None:
            capture(self)
        else:
            self.run()
        return True

    def run(self) -> None:
        """The kernels, with the shapes the context has now."""
        feed = {
            name: _view(self._addresses[name], shape, np.int64 if name == "codes" else np.float32)
            for name, shape in self.shapes.items()
        }
        (samples,) = self._engine.session.run(["samples"], feed)
        self.width = samples.shape[1]
        self.samples(len(samples))[:] = samples
        self.ran.append(len(samples))

    def samples(self, rows: int) -> np.ndarray:
        """The first rows of the output, as wide as the last run's."""
        return _view(self._addresses["samples"], (rows, self.width), np.float32)


class Runtime:
    def __init__(self, logger: Logger) -> None: ...

    def deserialize_cuda_engine(self, serialized: bytes) -> _Engine | None:
        shapes, newline, graph = serialized.partition(b"\n")
        if not newline:
            return None
        return _Engine(json.loads(shapes), graph)


def _view(address: int, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    kind = np.ctypeslib.as_ctypes_type(dtype)
    size = int(np.prod(shape))
    pointer = ctypes.cast(address, ctypes.POINTER(kind))
    return np.ctypeslib.as_array(pointer, shape=(size,)).reshape(shape)
