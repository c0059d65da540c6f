"""Tensors of the official implementations on seeded weights, where somebody has them at hand."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

VARIABLE = "TENSORRT_TTS_GOLDEN"
"""The folder that holds them, a folder for each codec."""


def golden(codec: str) -> Path:
    """The codec's folder. Skips the test where it is absent."""
    folder = Path(os.environ.get(VARIABLE, "")) / codec
    if VARIABLE not in os.environ or not folder.is_dir():
        pytest.skip(f"{VARIABLE} names no folder with {codec}")
    return folder


def recipe_weights(
    shapes: Mapping[str, Sequence[int]], rules: Sequence[Sequence[Any]], seed: int
) -> dict[str, torch.Tensor]:
    """Of each tensor mean + deviation · N(0, 1), drawn by its name's checksum and the seed.

    rules: [pattern, mean, deviation, "abs" or nothing], the first whose pattern is found; deviation
    "fan*c" is c over the square root of what adds up in an output, "keep" leaves a tensor out.
    """
    found = {}
    for name, shape in shapes.items():
        _, mean, deviation, *absolute = next(rule for rule in rules if re.search(rule[0], name))
        if deviation == "keep":
            continue
        if isinstance(deviation, str):
            factor = float(deviation.partition("*")[2] or 1.0)
            deviation = factor / np.sqrt(np.prod(shape) / shape[0])
        source = np.random.RandomState((zlib.crc32(name.encode()) ^ seed) & 0xFFFFFFFF)
        values = source.standard_normal(int(np.prod(shape))) * deviation + mean
        if absolute:
            values = np.abs(values)
        found[name] = torch.from_numpy(values.astype(np.float32).reshape(shape))
    return found
