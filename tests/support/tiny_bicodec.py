"""A BiCodec of the released model's shape in time and small in width, with random weights."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from benchmarks.codecs.random_bicodec import config, random_weights
from tensorrt_tts.codecs.bicodec.codec import BiCodec
from tensorrt_tts.codecs.bicodec.config import BiCodecConfig
from tests.support.made_once import made_once

TINY = config(
    decoder={"input_channel": 16, "channels": 32},
    quantizer={"input_dim": 16},
    speaker_encoder={"out_dim": 16, "latent_dim": 4},
    prenet={
        "input_channels": 16,
        "vocos_dim": 12,
        "vocos_intermediate_dim": 16,
        "out_channels": 16,
        "condition_dim": 16,
    },
)
"""As far as the released one sees, and all its ids: 8192 codes, 32 tokens of 4096."""


def released(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """As a released checkpoint has them: weight norm in two parts, and much that decoding does not
    read."""
    found: dict[str, torch.Tensor] = {}
    for name, tensor in weights.items():
        layer = name.removesuffix(".weight")
        if (
            name.endswith(".weight")
            and tensor.dim() == 3
            and layer.startswith(("decoder.", "quantizer."))
        ):
            found[f"{layer}.weight_g"] = tensor.norm(dim=(1, 2), keepdim=True)
            found[f"{layer}.weight_v"] = 3.0 * tensor
        else:
            found[name] = tensor
    unread = {
        "mel_transformer.spectrogram.window": torch.ones(640),
        "encoder.linear_pre.weight": torch.ones(3, 3),
        "postnet.linear.weight": torch.ones(3, 3),
        "quantizer.cluster_size": torch.zeros(8192),
        "quantizer.in_project.weight_g": torch.ones(8, 1, 1),
        "quantizer.in_project.weight_v": torch.ones(8, 16, 1),
        "speaker_encoder.quantizer.project_in.weight": torch.ones(6, 4),
        "speaker_encoder.speaker_encoder.bn.num_batches_tracked": torch.tensor(3),
    }
    return unread | found


def write_bicodec(folder: Path, config: BiCodecConfig = TINY, seed: int = 0) -> Path:
    """A checkpoint folder as released: config.yaml (JSON is YAML) and model.safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(released(random_weights(config, seed)), folder / "model.safetensors")
    content = {"audio_tokenizer": config.model_dump(mode="json"), "seed": seed}
    (folder / "config.yaml").write_text(json.dumps(content), encoding="utf-8")
    return folder


@lru_cache(maxsize=1)
def tiny_codec() -> BiCodec:
    return BiCodec(TINY, random_weights(TINY))


@lru_cache(maxsize=1)
def tiny_export(steps: int = 140) -> tuple[Path, Path]:
    """(checkpoint, ONNX export) folders. Not to be written to."""
    from engines.bicodec_onnx import export

    def make(root: Path) -> None:
        export(write_bicodec(root / "torch"), root / "onnx", steps)

    root = made_once(f"bicodec_onnx-{steps}", make)
    return root / "torch", root / "onnx"


def voice(seed: int) -> tuple[int, ...]:
    """Tokens of a speaker."""
    return tuple(int(token) for token in np.random.RandomState(seed).randint(0, 4096, 32))
