"""What 16 to 48 kHz by AP-BWE costs per second of audio, as it is streamed: CPU time, with random
weights of the released size, which cost what trained ones do.

    python -m benchmarks extension-cost [--chunks 0.06,0.5,5] [--seconds 5]
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tensorrt_tts.audio.bandwidth.extension import BandwidthExtension

RELEASED: Mapping[str, Any] = {
    "n_fft": 1024,
    "hop_size": 80,
    "win_size": 320,
    "hr_sampling_rate": 48000,
    "lr_sampling_rate": 16000,
    "ConvNeXt_channels": 512,
    "ConvNeXt_layers": 8,
}
"""The released config for 16 to 48 kHz."""

CHUNKS = (0.06, 0.25, 1.0, 5.0)
"""Seconds of audio pushed at a time: a first hop, a steady one, what a fast model is ahead, and all
at once."""

SECONDS = 5.0

REPEATS = 3


@dataclass(frozen=True, slots=True)
class ExtensionCost:
    """cpu: seconds per second of audio, the median of some runs, where so many seconds are pushed
    at a time. Each window is computed with what the network sees beside it: the shorter, the more
    of that."""

    chunk_s: float
    cpu: float


def extension_costs(
    extension: BandwidthExtension,
    chunks: Sequence[float] = CHUNKS,
    seconds: float = SECONDS,
    repeats: int = REPEATS,
) -> list[ExtensionCost]:
    """One row a chunk length; the lengths in turn, so that a busy moment is in all of them."""
    rate = extension.rates[0]
    noise = np.random.RandomState(0).standard_normal(round(seconds * rate))
    pcm = (3000 * noise).clip(-32767, 32767).astype(np.int16)
    _stream(extension, pcm[: rate // 2], rate // 10)  # first calls allocate
    sizes = [max(1, round(chunk * rate)) for chunk in chunks]
    rounds = [[_stream(extension, pcm, size) for size in sizes] for _ in range(repeats)]
    times = zip(*rounds, strict=True)
    return [
        ExtensionCost(chunk, median(its) / seconds)
        for chunk, its in zip(chunks, times, strict=True)
    ]


def _stream(extension: BandwidthExtension, pcm: np.ndarray, size: int) -> float:
    """CPU seconds."""
    began, stream = time.process_time(), extension.open()
    for first in range(0, len(pcm), size):
        stream.push(pcm[first : first + size])
    stream.finish()
    return time.process_time() - began


def open_random(config: Mapping[str, Any] = RELEASED) -> BandwidthExtension:
    import torch

    from tensorrt_tts.audio.bandwidth.config import ExtensionConfig
    from tensorrt_tts.audio.bandwidth.extension import BandwidthExtension
    from tensorrt_tts.audio.bandwidth.weights import shapes

    checked = ExtensionConfig.model_validate(config)
    generator = torch.Generator().manual_seed(0)
    weights = {
        name: torch.randn(shape, generator=generator) * float(np.prod(shape[1:])) ** -0.5
        for name, shape in shapes(checked).items()
    }
    return BandwidthExtension(checked, weights)


def table(costs: Sequence[ExtensionCost]) -> str:
    lines = [f"{'chunks of':>10}{'CPU s per s of audio':>22}"]
    lines += [f"{cost.chunk_s:>8.2f} s{cost.cpu:>22.3f}" for cost in costs]
    return "\n".join(lines)
