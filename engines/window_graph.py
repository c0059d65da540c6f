"""A codec's decoder as an ONNX graph of one fixed window width and any batch: what all share.

The first input is `codes`, int64 (B, levels, W). A step of -1 lies outside the stream, and the
graph keeps it zero through every layer, which is what a decoder sees beyond a stream's ends. So the
short windows at a stream's start, the cut one at its end and the steady ones in between share one
shape, one batch and one CUDA graph.
"""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from tensorrt_tts.errors import MissingDependencyError

if TYPE_CHECKING:
    import onnx

CONFIG_FILE = "config.json"


def write_graph(proto: onnx.ModelProto, config: str, out: Path, name: str) -> Path:
    """`out`/`name`, whole or not at all, with the codec's config (JSON) beside it."""
    content = proto.SerializeToString(deterministic=True)
    out.mkdir(parents=True, exist_ok=True)
    (out / CONFIG_FILE).write_text(config + "\n", encoding="utf-8")
    path = out / name
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
    return path


def exported(window: torch.nn.Module, inputs: dict[str, torch.Tensor | list[torch.Tensor]]) -> Any:
    """`window` of example inputs, in order, by name ("noise": a list is noise_0, noise_1 …): an
    onnx.ModelProto, the same bytes for the same weights. Opset 18, the newest that TensorRT 10
    reads in full. Raises MissingDependencyError."""
    try:
        import onnxscript  # noqa: F401  # what torch's exporter imports late and fails without
    except ImportError as error:
        raise MissingDependencyError(
            f"package {error.name} is not installed; pip install 'tensorrt-tts[onnx]'"
        ) from error
    batch = {0: torch.export.Dim("batch", min=1)}
    names: list[str] = []
    shapes: list[Any] = []
    for name, given in inputs.items():
        if isinstance(given, list):
            names += [f"{name}_{index}" for index in range(len(given))]
            shapes.append([batch] * len(given))
        else:
            names.append(name)
            shapes.append(batch)
    level = logging.getLogger("torch.onnx").level
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
            warnings.simplefilter("ignore")  # the exporter's own use of its deprecated parts
            program = torch.onnx.export(
                window,
                tuple(inputs.values()),
                dynamo=True,
                opset_version=18,
                input_names=names,
                output_names=["samples"],
                dynamic_shapes=tuple(shapes),
                external_data=False,
                verbose=False,
            )
    finally:
        logging.getLogger("torch.onnx").setLevel(level)
    assert program is not None
    proto = program.model_proto
    _strip(proto)
    return proto


def spread(inside: torch.Tensor, rate: int) -> torch.Tensor:
    """(B, 1, n) to (B, 1, n · rate): what lies inside the stream, at a finer rate."""
    length = inside.shape[-1] * rate
    return inside[..., None].expand(-1, -1, -1, rate).reshape(-1, 1, length)


def _strip(proto: onnx.ModelProto) -> None:
    """Drop what differs between runs or tells where it was made: stack traces, paths, scopes."""
    proto.producer_version = torch.__version__
    for container in (proto, proto.graph, *proto.graph.node, *proto.graph.value_info):
        del container.metadata_props[:]
        container.ClearField("doc_string")
    for value in (*proto.graph.input, *proto.graph.output, *proto.graph.initializer):
        del value.metadata_props[:]
        value.ClearField("doc_string")
    for function in proto.functions:
        for node in function.node:
            del node.metadata_props[:]
            node.ClearField("doc_string")


def digest(path: Path) -> str:
    """SHA-256 of the exported file, which names it in a manifest."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
