"""A BiCodec of the released model's shape in time and small in width, with random weights."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from tensorrt_tts.codecs.bicodec.codec import BiCodec
from tensorrt_tts.codecs.bicodec.config import BiCodecConfig
from tensorrt_tts.codecs.bicodec.weights import shapes

FULL: dict[str, dict[str, Any]] = {
    "mel_params": {"sample_rate": 16000},
    "decoder": {
        "input_channel": 1024,
        "channels": 1536,
        "rates": [8, 5, 4, 2],
        "kernel_sizes": [16, 11, 8, 4],
    },
    "quantizer": {"input_dim": 1024, "codebook_size": 8192, "codebook_dim": 8},
    "speaker_encoder": {
        "out_dim": 1024,
        "latent_dim": 128,
        "token_num": 32,
        "fsq_levels": [4, 4, 4, 4, 4, 4],
        "fsq_num_quantizers": 1,
    },
    "prenet": {
        "input_channels": 1024,
        "vocos_dim": 384,
        "vocos_intermediate_dim": 2048,
        "vocos_num_layers": 12,
        "out_channels": 1024,
        "condition_dim": 1024,
        "sample_ratios": [1, 1],
        "use_tanh_at_final": False,
    },
}
"""The released config, without what only training and encoding need."""


def config(**sections: dict[str, Any]) -> BiCodecConfig:
    """The released one with some fields changed."""
    changed = {name: {**section, **sections.get(name, {})} for name, section in FULL.items()}
    return BiCodecConfig.model_validate(changed)


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

RULES: Sequence[tuple[str, float, float | None]] = (
    ("alpha", 1.0, 0.3),
    ("gamma", 0.5, 0.1),
    ("codebook.weight", 0.0, 1.0),
    ("scale.bias", 1.0, 0.1),
    ("norm.weight", 1.0, 0.1),
    ("bias", 0.0, 0.1),
    ("decoder.model.6.weight", 0.0, 0.05),
    ("block.3.weight", 0.0, 0.05),
    ("weight", 0.0, None),
)
"""(part of the name, mean, standard deviation): the first that fits. None: one over the square root
of what adds up in an output, so that signals neither grow nor fade."""


def random_weights(config: BiCodecConfig, seed: int = 0) -> dict[str, torch.Tensor]:
    """Of each name its own, whatever else there is; weight norm folded."""
    return {name: _random(name, shape, seed) for name, shape in shapes(config).items()}


def _random(name: str, shape: tuple[int, ...], seed: int) -> torch.Tensor:
    _, mean, deviation = next(rule for rule in RULES if rule[0] in name)
    if deviation is None:
        deviation = float(np.prod(shape[1:])) ** -0.5
    source = np.random.RandomState(zlib.crc32(name.encode()) ^ seed)
    values = mean + deviation * source.standard_normal(shape)
    return torch.from_numpy((np.abs(values) if "alpha" in name else values).astype(np.float32))


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
    return found | {
        "mel_transformer.spectrogram.window": torch.ones(640),
        "encoder.linear_pre.weight": torch.ones(3, 3),
        "postnet.linear.weight": torch.ones(3, 3),
        "quantizer.cluster_size": torch.zeros(8192),
        "quantizer.in_project.weight_g": torch.ones(8, 1, 1),
        "quantizer.in_project.weight_v": torch.ones(8, 16, 1),
        "speaker_encoder.quantizer.project_in.weight": torch.ones(6, 4),
        "speaker_encoder.speaker_encoder.bn.num_batches_tracked": torch.tensor(3),
    }


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


def voice(seed: int) -> tuple[int, ...]:
    """Tokens of a speaker."""
    return tuple(int(token) for token in np.random.RandomState(seed).randint(0, 4096, 32))
