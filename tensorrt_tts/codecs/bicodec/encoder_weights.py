"""Which of a BiCodec checkpoint's tensors encoding needs, under their released names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tensorrt_tts.codecs.bicodec.encoder_config import EncodingConfig
from tensorrt_tts.codecs.bicodec.receptive_field import KERNEL, SAMPLING_LAYERS
from tensorrt_tts.codecs.bicodec.speaker_encoder import (
    DEPTH,
    DILATIONS,
    FEED_FORWARD,
    FRAMES_KERNEL,
    GROUPS,
    HEAD_WIDTH,
    HEADS,
    SQUEEZED,
    WIDTH,
)
from tensorrt_tts.codecs.bicodec.weights import Shape
from tensorrt_tts.codecs.weights import check_weights, plain_name, read_weights

if TYPE_CHECKING:
    import torch


def shapes(config: EncodingConfig) -> dict[str, Shape]:
    """Of every tensor that encoding needs, weight norm folded."""
    found: dict[str, Shape] = {}
    for part in (_semantic(config), _speaker(config)):
        for tensors in part:
            found |= tensors
    return found


def load(folder: Path) -> tuple[EncodingConfig, dict[str, torch.Tensor]]:
    """Config and folded weights. Raises as `weights.load`."""
    config = EncodingConfig.read(folder)
    wanted = shapes(config)
    path, state = read_weights(folder, lambda name: plain_name(name) in wanted)
    check_weights(state, wanted, path)
    return config, state


def _semantic(config: EncodingConfig) -> Iterator[dict[str, Shape]]:
    encoder, quantizer = config.encoder, config.quantizer
    width = encoder.vocos_dim
    backbones = [("encoder.encoder", encoder.input_channels, encoder.vocos_num_layers)]
    for index in range(len(encoder.sample_ratios)):
        backbones.append((f"encoder.downsample.{index}.1", width, SAMPLING_LAYERS))
    for name, into, count in backbones:
        yield _layer(f"{name}.embed", width, into, KERNEL)
        yield _layer(f"{name}.norm", width)
        for index in range(count):
            block = f"{name}.convnext.{index}"
            yield _layer(f"{block}.dwconv", width, 1, KERNEL)
            yield _layer(f"{block}.norm", width)
            yield _layer(f"{block}.pwconv1", encoder.vocos_intermediate_dim, width)
            yield _layer(f"{block}.pwconv2", width, encoder.vocos_intermediate_dim)
            yield {f"{block}.gamma": (width,)}
        yield _layer(f"{name}.final_layer_norm", width)
    yield _layer("encoder.project", encoder.out_channels, width)
    yield _layer("quantizer.in_project", quantizer.codebook_dim, quantizer.input_dim, 1)
    yield {"quantizer.codebook.weight": (quantizer.codebook_size, quantizer.codebook_dim)}


def _speaker(config: EncodingConfig) -> Iterator[dict[str, Shape]]:
    speaker = config.speaker_encoder
    name, group = "speaker_encoder.speaker_encoder", WIDTH // GROUPS
    yield from _unit(f"{name}.layer1", speaker.input_dim, FRAMES_KERNEL)
    for number in range(2, 2 + len(DILATIONS)):
        block = f"{name}.layer{number}.se_res2block"
        yield from _unit(f"{block}.0", WIDTH, 1)
        for index in range(GROUPS - 1):
            yield _layer(f"{block}.1.convs.{index}", group, group, 3)
            yield _batch_norm(f"{block}.1.bns.{index}", group)
        yield from _unit(f"{block}.2", WIDTH, 1)
        yield _layer(f"{block}.3.linear1", SQUEEZED, WIDTH)
        yield _layer(f"{block}.3.linear2", WIDTH, SQUEEZED)
    together = WIDTH * len(DILATIONS)
    yield _layer(f"{name}.conv", together, together, 1)
    name, width, inner = "speaker_encoder.perceiver_sampler", speaker.latent_dim, HEADS * HEAD_WIDTH
    yield {f"{name}.latents": (speaker.token_num, width), f"{name}.norm.gamma": (width,)}
    yield _layer(f"{name}.proj_context", width, together)
    gated = width * FEED_FORWARD * 2 // 3
    for index in range(DEPTH):
        block = f"{name}.layers.{index}"
        yield {
            f"{block}.0.to_q.weight": (inner, width),
            f"{block}.0.to_kv.weight": (2 * inner, width),
            f"{block}.0.to_out.weight": (width, inner),
        }
        yield _layer(f"{block}.1.0", 2 * gated, width)
        yield _layer(f"{block}.1.2", width, gated)
    yield _layer("speaker_encoder.quantizer.project_in", len(speaker.fsq_levels), width)


def _layer(name: str, *shape: int) -> dict[str, Shape]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def _unit(name: str, into: int, kernel: int) -> Iterator[dict[str, Shape]]:
    yield _layer(f"{name}.conv", WIDTH, into, kernel)
    yield _batch_norm(f"{name}.bn", WIDTH)


def _batch_norm(name: str, width: int) -> dict[str, Shape]:
    statistics = {f"{name}.running_mean": (width,), f"{name}.running_var": (width,)}
    return {**_layer(name, width), **statistics}
