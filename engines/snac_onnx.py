"""SNAC's decoder as an ONNX graph of one fixed window width and any batch.

    codes     int64   [B, 3, W]       coarse, mid, fine of each latent step; -1: no such step
    noise_k   float32 [B, 1, W·r_k]   N(0, 1) of block k; r = 8, 64, 256, 512 for the 24 kHz model
    samples   float32 [B, 512·W]

A step of −1 lies outside the stream (`window_graph`). Codebook and output projection of each level
are folded into one table. The noise is an input because TensorRT and ONNX draw theirs afresh on
every call (`codecs.noise`).

The graph is `codecs.snac_stages`, the code that the torch codec runs, seen by torch's exporter.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from engines.window_graph import exported, spread, write_graph
from tensorrt_tts.codecs.fixed_window import exact_samples, noise_rates
from tensorrt_tts.codecs.snac import weights as snac_weights
from tensorrt_tts.codecs.snac.config import SnacConfig
from tensorrt_tts.codecs.snac.onnx import MODEL_FILE
from tensorrt_tts.codecs.snac.stages import Exit, SnacStages
from tensorrt_tts.errors import SettingError

if TYPE_CHECKING:
    import onnx
    from snac import SNAC

DEFAULT_STEPS = 32
"""Window width W. Of 32 steps, 512·32 − 4757 − 5268 = 6359 samples are exact in mid-stream: three
frames a hop; 24 would be exactly enough for one."""


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
            x = stage.compute(x, held, wanted, length, drawn)
            if isinstance(stage, Exit):
                break
            length *= stage.rate
            inside = spread(inside, stage.rate)
            x = x * inside
        return x[:, 0]


def export(folder: Path, out: Path, steps: int = DEFAULT_STEPS) -> Path:
    """Export the SNAC checkpoint in `folder` to `out`/snac.onnx with its config.json beside it.

    Byte for byte the same for the same weights, width and versions. Returns the file's path.
    Raises CheckpointError for the checkpoint, SettingError for `steps`, MissingDependencyError.
    """
    config, model = snac_weights.load(folder)
    proto = onnx_model(config, model, steps)
    return write_graph(proto, config.model_dump_json(indent=2), out, MODEL_FILE)


def onnx_model(config: SnacConfig, model: SNAC, steps: int) -> onnx.ModelProto:
    """The graph described above."""
    if exact_samples(config.context(), steps) < 1:
        raise SettingError(
            f"steps {steps}: a window this narrow holds no exact sample in mid-stream; use 24 or "
            "more"
        )
    window = FixedWindow(SnacStages(snac_weights.fold(model), config.noise, torch.device("cpu")))
    rates = noise_rates(config)
    codes = torch.zeros(2, 3, steps, dtype=torch.int64)
    noise = [torch.zeros(2, 1, steps * rate) for rate in rates]
    proto: onnx.ModelProto = exported(window, {"codes": codes, "noise": noise})
    return proto
