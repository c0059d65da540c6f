"""A SNAC of the 24 kHz model's shape in time and small in width, with random weights."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import torch
from snac import SNAC

from tensorrt_tts.codecs.snac import weights as snac_weights
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ, SnacConfig
from tests.support.made_once import made_once

TINY = SNAC_24KHZ.model_copy(update={"encoder_dim": 2, "decoder_dim": 32, "codebook_size": 40})


def awaken(model: SNAC) -> SNAC:
    """Scale a fresh, folded SNAC's weights until it makes sound: it is nearly silent as built."""
    for name, parameter in model.named_parameters():
        if name.endswith("alpha"):
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
        elif parameter.dim() == 3:
            parameter.data *= 2.0 if "quantizer" in name else 1.25
    return model


def without_encoder(model: SNAC) -> dict[str, torch.Tensor]:
    """What a checkpoint for synthesis has to hold."""
    return {
        name: tensor.contiguous()
        for name, tensor in model.state_dict().items()
        if not name.startswith("encoder.")
    }


def write_snac(folder: Path, config: SnacConfig = TINY, seed: int = 0) -> Path:
    """A checkpoint folder, without the encoder."""
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = awaken(snac_weights.fold(snac_weights.build(config)))
    torch.save(without_encoder(model), folder / "pytorch_model.bin")
    (folder / "config.json").write_text(json.dumps(config.model_dump()), encoding="utf-8")
    return folder


@lru_cache(maxsize=1)
def tiny_export(steps: int = 24) -> tuple[Path, Path]:
    """(checkpoint, ONNX export) folders. Not to be written to."""
    from engines.snac_onnx import export

    def make(root: Path) -> None:
        export(write_snac(root / "torch"), root / "onnx", steps)

    root = made_once(f"snac_onnx-{steps}", make)
    return root / "torch", root / "onnx"
