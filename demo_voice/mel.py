"""Mel filters."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from demo_voice.phase import SAMPLE_RATE


@functools.cache
def mel_filters(n_fft: int, mels: int) -> Tensor:
    """Triangular filters [mels, n_fft / 2 + 1] on the HTK mel scale, each summing to 1 or less.

    A filter narrower than a bin takes the nearest bin, so that none is empty.
    """
    top = 2595.0 * torch.log10(torch.tensor(1 + SAMPLE_RATE / 2 / 700.0))
    edges = 700 * (10 ** (torch.linspace(0, float(top), mels + 2) / 2595) - 1)
    bins = torch.linspace(0, SAMPLE_RATE / 2, n_fft // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    filters = torch.minimum(rising, falling).clamp(min=0)
    nearest = (bins[None] - edges[1:-1, None]).abs().argmin(dim=1)
    empty = filters.sum(dim=1) == 0
    filters[empty, nearest[empty]] = 1.0
    return filters / filters.sum(dim=1, keepdim=True).clamp(min=1.0)
