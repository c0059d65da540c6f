"""SNAC's decoder as an ONNX graph of one fixed window width and any batch.

    codes     int64   [B, 3, W]       coarse, mid, fine of each latent step; -1: no such step
    noise_k   float32 [B, 1, W·r_k]   N(0, 1) of block k; r = 8, 64, 256, 512 for the 24 kHz model
    samples   float32 [B, 512·W]

One width serves every window: a step of -1 lies outside the stream, and the graph keeps it zero
through every layer, which is what a decoder sees beyond a stream's ends. So the short windows at a
stream's start, the cut one at its end and the steady ones in between share one shape, one batch and
one CUDA graph. Codebook and output projection of each level are folded into one table. The noise
is an input because TensorRT and ONNX draw theirs afresh on every call (`codecs.noise`).

The graph is `codecs.snac_stages`, the code that the torch codec runs, seen by torch's exporter.
"""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from tensorrt_tts.codecs.fixed_window import exact_samples, noise_rates
from tensorrt_tts.codecs.snac import weights as snac_weights
from tensorrt_tts.codecs.snac.config import SnacConfig
from tensorrt_tts.codecs.snac.onnx import MODEL_FILE
from tensorrt_tts.codecs.snac.stages import Exit, SnacStages, compute
from tensorrt_tts.errors import MissingDependencyError, SettingError

if TYPE_CHECKING:
    import onnx
    from snac import SNAC

DEFAULT_STEPS = 32
"""Window width W. Of 32 steps, 512·32 − 4757 − 5268 = 6359 samples are exact in mid-stream: three
frames a hop; 24 would be exactly enough for one."""

CONFIG_FILE = "config.json"


class FixedWindow(torch.nn.Module):
    """`SnacStages` over a whole window whose steps outside the stream are marked −1."""

    def __init__(self, stages: SnacStages) -> None:
        super().__init__()
        self.stages = stages

    def forward(self, codes: torch.Tensor, noise: Sequence[torch.Tensor]) -> torch.Tensor:
        """codes: int64 (B, 3, W). noise: one (B, 1, W·r) per block, none without noise. Returns
        (B, W·hop)."""
        length = codes.shape[-1]
        inside = (codes[:, :1] >= 0).float()
        x = self.stages.embed(codes.clamp(min=0).transpose(1, 2)) * inside
        blocks = iter(noise)
        for stage in self.stages.stages:
            held, wanted = (0, length), (0, length * stage.rate)
            drawn = next(blocks, None) if stage.rate > 1 else None
            x = compute(stage, x, held, wanted, length, drawn)
            if isinstance(stage, Exit):
                break
            length *= stage.rate
            inside = inside[..., None].expand(-1, -1, -1, stage.rate).reshape(-1, 1, length)
            x = x * inside
        return x[:, 0]


def export(folder: Path, out: Path, steps: int = DEFAULT_STEPS) -> Path:
    """Export the SNAC checkpoint in `folder` to `out`/snac.onnx with its config.json beside it.

    Byte for byte the same for the same weights, width and versions. Returns the file's path.
    Raises CheckpointError for the checkpoint, SettingError for `steps`, MissingDependencyError.
    """
    config, model = snac_weights.load(folder)
    content = onnx_model(config, model, steps).SerializeToString(deterministic=True)
    out.mkdir(parents=True, exist_ok=True)
    (out / CONFIG_FILE).write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")
    path = out / MODEL_FILE
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
    return path


def onnx_model(config: SnacConfig, model: SNAC, steps: int) -> onnx.ModelProto:
    """The graph described above. Opset 18, the newest that TensorRT 10 reads in full."""
    if exact_samples(config.context(), steps) < 1:
        raise SettingError(
            f"steps {steps}: a window this narrow holds no exact sample in mid-stream; use 24 or "
            "more"
        )
    window = FixedWindow(SnacStages(snac_weights.fold(model), config.noise, torch.device("cpu")))
    rates = noise_rates(config)
    codes = torch.zeros(2, 3, steps, dtype=torch.int64)
    proto = _exported(window, codes, [torch.zeros(2, 1, steps * rate) for rate in rates])
    _strip(proto)
    return proto


def _exported(
    window: FixedWindow, codes: torch.Tensor, noise: list[torch.Tensor]
) -> onnx.ModelProto:
    try:
        import onnxscript  # noqa: F401  # what torch's exporter imports late and fails without
    except ImportError as error:
        raise MissingDependencyError(
            f"package {error.name} is not installed; pip install 'tensorrt-tts[onnx]'"
        ) from error
    batch = {0: torch.export.Dim("batch", min=1)}
    level = logging.getLogger("torch.onnx").level
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
            warnings.simplefilter("ignore")  # the exporter's own use of its deprecated parts
            program = torch.onnx.export(
                window,
                (codes, noise),
                dynamo=True,
                opset_version=18,
                input_names=["codes", *(f"noise_{block}" for block in range(len(noise)))],
                output_names=["samples"],
                dynamic_shapes=(batch, [batch] * len(noise)),
                external_data=False,
                verbose=False,
            )
    finally:
        logging.getLogger("torch.onnx").setLevel(level)
    assert program is not None
    return program.model_proto


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
