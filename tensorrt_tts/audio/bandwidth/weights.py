"""The tensors of an AP-BWE checkpoint, under their released names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tensorrt_tts.audio.bandwidth.config import KERNEL, ExtensionConfig
from tensorrt_tts.codecs.weights import WEIGHT_FILES, check_weights, find_weights, read_weights
from tensorrt_tts.weight_files import check_safetensors

if TYPE_CHECKING:
    import torch

Shape = tuple[int, ...]

GENERATOR_FILES = (*WEIGHT_FILES, "g_16kto48k")
"""The last one is what is released."""

GENERATOR = "generator"
"""What the released file holds its tensors under."""

STREAMS = ("mag", "pha")

WIDENED = 3
"""A block's inner width over its outer one."""


def shapes(config: ExtensionConfig) -> dict[str, Shape]:
    """Of every tensor, weight norm folded."""
    found: dict[str, Shape] = {}
    for layer in _layers(config):
        found |= layer
    return found


def check(folder: Path) -> None:
    """What can be known without loading it. Raises as `load`."""
    ExtensionConfig.read(folder)
    path = find_weights(folder, GENERATOR_FILES)
    if path.suffix == ".safetensors":
        check_safetensors(path)


def load(folder: Path) -> tuple[ExtensionConfig, dict[str, torch.Tensor]]:
    """Config and weights in float32.

    Raises CheckpointNotFoundError or CorruptCheckpointError, naming the file and what to do.
    """
    config = ExtensionConfig.read(folder)
    path, state = read_weights(folder, files=GENERATOR_FILES, under=GENERATOR)
    check_weights(state, shapes(config), path)
    return config, state


def _layer(name: str, *shape: int) -> dict[str, Shape]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def _layers(config: ExtensionConfig) -> Iterator[dict[str, Shape]]:
    width, inner = config.channels, WIDENED * config.channels
    for stream in STREAMS:
        yield _layer(f"conv_pre_{stream}", width, config.bins, KERNEL)
        yield _layer(f"norm_pre_{stream}", width)
        for index in range(config.layers):
            block = f"convnext_{stream}.{index}"
            yield _layer(f"{block}.dwconv", width, 1, KERNEL)
            yield _layer(f"{block}.norm", width)
            yield _layer(f"{block}.pwconv1", inner, width)
            yield _layer(f"{block}.pwconv2", width, inner)
            yield {f"{block}.gamma": (width,)}
        yield _layer(f"norm_post_{stream}", width)
    for head in ("mag", "pha_r", "pha_i"):
        yield _layer(f"linear_post_{head}", config.bins, width)
