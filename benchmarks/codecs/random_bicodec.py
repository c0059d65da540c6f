"""A BiCodec with random weights of unit gain, any config of it: the same for a seed, whoever asks.

What it costs is what trained weights cost. What it says of an error is of random weights.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorrt_tts.codecs.bicodec.config import BiCodecConfig
from tensorrt_tts.codecs.bicodec.weights import shapes

if TYPE_CHECKING:
    import torch

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


def narrowed(by: int) -> BiCodecConfig:
    """The released one of 1/`by` of its width, by² cheaper; it sees as far."""
    decoder, prenet = FULL["decoder"], FULL["prenet"]
    width = FULL["prenet"]["input_channels"] // by
    inner = {name: prenet[name] // by for name in ("vocos_dim", "vocos_intermediate_dim")}
    return config(
        decoder={"input_channel": width, "channels": decoder["channels"] // by},
        quantizer={"input_dim": width},
        speaker_encoder={"out_dim": width},
        prenet={"input_channels": width, "out_channels": width, "condition_dim": width, **inner},
    )


RULES: Sequence[tuple[str, float, float]] = (
    ("alpha", 1.0, 0.3),
    ("gamma", 0.5, 0.1),
    ("codebook.weight", 0.0, 1.0),
    ("scale.bias", 1.0, 0.1),
    ("norm.weight", 1.0, 0.1),
    ("bias", 0.0, 0.1),
)
"""(part of the name, mean, standard deviation): the first that fits."""

GAINS: Sequence[tuple[str, float]] = (
    ("decoder.model.6.weight", 0.06),
    ("block.3.weight", 0.3),
    ("weight", 1.0),
)
"""(part of the name, gain) of all others: what a layer makes of unit noise, whatever its width. The
generator's last layer speaks at a speaker's level, and its residual branches add a tenth of power
each: louder ones saturate the tanh, and their snakes multiply rounding until a stream and its
offline decode are 17 steps of int16 apart (0 in float64)."""

PHASES = 2
"""Inputs that a transposed convolution's output adds up, of each channel: kernel over rate."""


def random_weights(config: BiCodecConfig, seed: int = 0) -> dict[str, torch.Tensor]:
    """Of each name its own, whatever else there is; weight norm folded."""
    return {name: _random(name, shape, seed) for name, shape in shapes(config).items()}


def _random(name: str, shape: tuple[int, ...], seed: int) -> torch.Tensor:
    import torch

    source = np.random.RandomState(zlib.crc32(name.encode()) ^ seed)
    values = source.standard_normal(shape)
    rule = next((rule for rule in RULES if rule[0] in name), None)
    if rule is not None:
        values = rule[1] + rule[2] * values
    else:
        gain = next(gain for part, gain in GAINS if part in name)
        values *= gain * _added(name, shape) ** -0.5
    return torch.from_numpy((np.abs(values) if "alpha" in name else values).astype(np.float32))


def _added(name: str, shape: tuple[int, ...]) -> int:
    """Inputs that add up in an output of that layer."""
    transposed = name.startswith("decoder.") and name.endswith(".block.1.weight")
    if transposed and name.count("block") == 1:
        return shape[0] * PHASES
    return int(np.prod(shape[1:]))
