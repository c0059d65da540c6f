"""Convolutions as a CPU does them best at the sizes of one hop.

The library's grouped, 1×1 and transposed convolutions lay their weights out anew on every call,
and its plain ones prepare for many positions: with few, that costs many times the arithmetic. On a
CPU these do the same as shifted multiply-adds and matrix products. A stage that must be exported,
or runs on another device, takes the library's.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F


def as_library(x: torch.Tensor) -> bool:
    return x.device.type != "cpu" or torch.compiler.is_exporting()


def depthwise(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, dilation: int
) -> torch.Tensor:
    """Valid depthwise convolution. weight: (channels, 1, taps)."""
    if as_library(x):
        return F.conv1d(x, weight, bias, dilation=dilation, groups=x.shape[1])
    taps = weight.shape[-1]
    length = x.shape[-1] - (taps - 1) * dilation
    y = torch.addcmul(bias[:, None], x[..., :length], weight[:, :, 0])
    for tap in range(1, taps):
        start = tap * dilation
        y.addcmul_(x[..., start : start + length], weight[:, :, tap])
    return y


def _product(matrix: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """matrix (out, in) times x (B, in, length), as one product: a batched one would read the matrix
    for every item, and the largest is 32 MB. Channels come out as the outermost dimension in memory
    and stay it through whatever works element by element, so that `reshape` seldom copies."""
    batch, channels, length = x.shape
    y = torch.mm(matrix, x.transpose(0, 1).reshape(channels, -1))
    return y.view(-1, batch, length).transpose(0, 1)


def pointwise(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """1×1 convolution. weight: (out channels, in channels, 1)."""
    if as_library(x):
        return F.conv1d(x, weight, bias)
    y = _product(weight[:, :, 0], x)
    return y if bias is None else y.add_(bias[:, None])


def as_matrix(weight: torch.Tensor) -> torch.Tensor:
    """Of a transposed convolution, (in, out, taps), as (out · taps, in): contiguous."""
    return weight.reshape(len(weight), -1).T.contiguous()


FEW_PRODUCTS = 8_000_000
"""Multiplications up to which a plain convolution is a product here: the library's needs 0.4 ms and
more for its preparations, in which that many are done (measured on AVX2)."""

FEW_POSITIONS = 16
"""Below this a product with the positions as rows is up to twice as fast (measured on AVX2)."""


def convolution(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, dilation: int = 1
) -> torch.Tensor:
    """Valid convolution. weight: (out channels, in channels, taps)."""
    out, channels, taps = weight.shape
    batch, length = x.shape[0], x.shape[-1] - (taps - 1) * dilation  # len() would fix an export's
    if as_library(x) or batch * length * weight.numel() > FEW_PRODUCTS:
        return F.conv1d(x, weight, bias, dilation=dilation)
    x = x.transpose(0, 1).contiguous()  # channels outermost, as `_product` keeps them
    channel, item, position = x.stride()
    shape, strides = (channels, taps, batch, length), (channel, dilation * position, item, position)
    columns = x.as_strided(shape, strides).reshape(channels * taps, -1)
    y = torch.addmm(bias[:, None], weight.reshape(out, -1), columns)
    return y.view(out, batch, length).transpose(0, 1)


def transposed(
    x: torch.Tensor, matrix: torch.Tensor, bias: torch.Tensor, rate: int
) -> torch.Tensor:
    """Transposed convolution of stride `rate` and a kernel no shorter, unpadded: every input adds
    its taps to blocks of `rate` outputs, the first of them its own. matrix: (out · taps, in)."""
    batch, channels, length = x.shape
    out = len(bias)
    taps = len(matrix) // out
    if length < FEW_POSITIONS:
        rows = x.transpose(1, 2).reshape(batch * length, channels)
        product = F.linear(rows, matrix).view(batch, length, out, taps).permute(2, 0, 1, 3)
    else:
        product = _product(matrix, x).unflatten(1, (out, taps)).permute(1, 0, 3, 2)
    blocks = -(-taps // rate)
    # `_product` keeps channels outermost, as here
    y = x.new_empty(out, batch, length + blocks - 1, rate)
    y[:, :, :length] = product[..., :rate]
    y[:, :, length:] = 0
    for block in range(1, blocks):
        added = product[..., block * rate : (block + 1) * rate]
        y[:, :, block : block + length, : added.shape[-1]] += added
    y += bias[:, None, None, None]
    flat = y.view(out, batch, -1)[..., : (length - 1) * rate + taps]
    return flat.transpose(0, 1)
