"""Which of a BiCodec checkpoint's tensors decoding needs, under their released names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tensorrt_tts.codecs.bicodec.config import BiCodecConfig
from tensorrt_tts.codecs.bicodec.receptive_field import (
    KERNEL,
    RESIDUAL_DILATIONS,
    SAMPLING_LAYERS,
)
from tensorrt_tts.codecs.weights import check_weights, read_weights

if TYPE_CHECKING:
    import torch

Shape = tuple[int, ...]


def shapes(config: BiCodecConfig) -> dict[str, Shape]:
    """Of every tensor that decoding needs, weight norm folded."""
    quantizer, speaker = config.quantizer, config.speaker_encoder
    found: dict[str, Shape] = {
        "quantizer.codebook.weight": (quantizer.codebook_size, quantizer.codebook_dim),
        **_layer("quantizer.out_project", quantizer.input_dim, quantizer.codebook_dim, 1),
        **_layer(
            "speaker_encoder.quantizer.project_out", speaker.latent_dim, len(speaker.fsq_levels)
        ),
        **_layer(
            "speaker_encoder.project", speaker.out_dim, speaker.latent_dim * speaker.token_num
        ),
    }
    for part in (_prenet(config), _generator(config)):
        for layer in part:
            found |= layer
    return found


def load(folder: Path) -> tuple[BiCodecConfig, dict[str, torch.Tensor]]:
    """Config and folded weights. What else a checkpoint holds (encoder, postnet, buffers) is not
    read: speech synthesis never encodes.

    Raises CheckpointNotFoundError or CorruptCheckpointError, naming the file and what to do.
    """
    config = BiCodecConfig.read(folder)
    wanted = shapes(config)
    layers = {name.rpartition(".")[0] for name in wanted}

    def needed(name: str) -> bool:
        layer, _, parameter = name.rpartition(".")
        if parameter.startswith("original"):  # layer.parametrizations.weight.original0
            layer = layer.removesuffix(".parametrizations.weight")
        return layer in layers

    path, state = read_weights(folder, needed)
    check_weights(state, wanted, path)
    return config, state


def _layer(name: str, *shape: int) -> dict[str, Shape]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def _transposed(name: str, into: int, out: int, kernel: int) -> dict[str, Shape]:
    return {f"{name}.weight": (into, out, kernel), f"{name}.bias": (out,)}


def _norm(name: str, width: int, condition: int | None) -> dict[str, Shape]:
    if condition is None:
        return _layer(name, width)
    return {
        **_layer(f"{name}.scale", width, condition),
        **_layer(f"{name}.shift", width, condition),
    }


def _backbone(
    config: BiCodecConfig, name: str, layers: int, condition: int | None
) -> Iterator[dict[str, Shape]]:
    width, inner = config.prenet.vocos_dim, config.prenet.vocos_intermediate_dim
    yield _layer(f"{name}.embed", width, width, KERNEL)
    yield _norm(f"{name}.norm", width, condition)
    for index in range(layers):
        block = f"{name}.convnext.{index}"
        yield _layer(f"{block}.dwconv", width, 1, KERNEL)
        yield _norm(f"{block}.norm", width, condition)
        yield _layer(f"{block}.pwconv1", inner, width)
        yield _layer(f"{block}.pwconv2", width, inner)
        yield {f"{block}.gamma": (width,)}
    yield _layer(f"{name}.final_layer_norm", width)


def _prenet(config: BiCodecConfig) -> Iterator[dict[str, Shape]]:
    prenet = config.prenet
    yield _layer("prenet.linear_pre", prenet.vocos_dim, prenet.input_channels)
    for index in range(len(prenet.sample_ratios)):
        yield from _backbone(config, f"prenet.downsample.{index}.1", SAMPLING_LAYERS, None)
    name = "prenet.vocos_backbone"
    yield from _backbone(config, name, prenet.vocos_num_layers, prenet.condition_dim)
    yield _layer("prenet.linear", prenet.out_channels, prenet.vocos_dim)


def _generator(config: BiCodecConfig) -> Iterator[dict[str, Shape]]:
    generator = config.decoder
    width, name = generator.channels, "decoder.model"
    yield _layer(f"{name}.0", width, generator.input_channel, KERNEL)
    for number, kernel in enumerate(generator.kernel_sizes, 1):
        yield {f"{name}.{number}.block.0.alpha": (1, width, 1)}
        yield _transposed(f"{name}.{number}.block.1", width, width // 2, kernel)
        width //= 2
        for index in range(len(RESIDUAL_DILATIONS)):
            unit = f"{name}.{number}.block.{2 + index}.block"
            yield {f"{unit}.0.alpha": (1, width, 1), f"{unit}.2.alpha": (1, width, 1)}
            yield _layer(f"{unit}.1", width, width, KERNEL)
            yield _layer(f"{unit}.3", width, width, 1)
    last = len(generator.rates) + 1
    yield {f"{name}.{last}.alpha": (1, width, 1)}
    yield _layer(f"{name}.{last + 1}", 1, width, KERNEL)
