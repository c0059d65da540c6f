"""Gaussian noise addressed by (seed, block, absolute position): the same value whoever asks.

SNAC's decoder adds noise after each upsampling. Drawn afresh on every call, two overlapping windows
never agree and no streamed decode can equal an offline one. Here each value is a hash of where it
stands, so windows, hops, batches and devices agree on it.
"""

from __future__ import annotations

import math

import torch

_MASK = 0xFFFFFFFF


def _hash32(x: torch.Tensor) -> torch.Tensor:
    """A bijective 32-bit mix (Wellons' lowbias32: avalanche bias 0.17) on int64 tensors."""
    x = x ^ (x >> 16)
    x = (x * 0x7FEB352D) & _MASK
    x = x ^ (x >> 15)
    x = (x * 0x846CA68B) & _MASK
    return x ^ (x >> 16)


def addressed_noise(
    seeds: torch.Tensor, block: int, starts: torch.Tensor, count: int
) -> torch.Tensor:
    """N(0, 1) values at positions start … start + count − 1 of each stream.

    seeds, starts: int64, shape (B,), on the device the noise is wanted on. block: which noise
    layer. Returns float32, shape (B, 1, count). Positions wrap at 2³² (24 hours of 48 kHz).
    """
    offsets = torch.arange(count, dtype=torch.int64, device=starts.device)
    key = _hash32((seeds ^ (seeds >> 32) ^ (0x9E3779B9 * (2 * block + 1))) & _MASK)
    position = (starts[:, None] + offsets) & _MASK
    first = _hash32(position ^ key[:, None])
    second = _hash32((first + key[:, None]) & _MASK)
    # Box–Muller. 24 bits, the precision of float32; the half keeps the logarithm finite.
    uniform = ((first >> 8).float() + 0.5) * 2.0**-24
    angle = (second >> 8).float() * (2.0 * math.pi * 2.0**-24)
    return (torch.sqrt(-2.0 * torch.log(uniform)) * torch.cos(angle))[:, None, :]
