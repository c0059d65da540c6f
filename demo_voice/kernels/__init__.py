"""Fused CPU kernels for training the SNAC decoder, with a plain torch form for other devices."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

SOURCE = Path(__file__).with_name("snake.cpp")
FLAGS = ("-O3", "-march=native", "-ffast-math", "-fPIC", "-std=c++17", "-fopenmp")


@functools.cache
def library() -> ctypes.CDLL | None:
    """The compiled kernels, or None where there is no C++ compiler."""
    compiler = shutil.which("g++")
    if compiler is None:
        return None
    key = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    target = Path(tempfile.gettempdir()) / f"demo-voice-kernels-{key}.so"
    if not target.exists():
        # Torch's own OpenMP runtime: a second one would fight it for the cores.
        runtime = sorted((Path(torch.__file__).parent / "lib").glob("libgomp*"))
        compiled = target.with_suffix(".o")
        subprocess.run([compiler, *FLAGS, "-c", str(SOURCE), "-o", str(compiled)], check=True)
        link = [str(runtime[0])] if runtime else ["-fopenmp"]
        subprocess.run([compiler, "-shared", str(compiled), *link, "-o", str(target)], check=True)
    return ctypes.CDLL(str(target))


def _call(name: str, *arguments: Tensor | int) -> None:
    kernels = library()
    assert kernels is not None
    getattr(kernels, name)(
        *(
            ctypes.c_int64(a) if isinstance(a, int) else ctypes.c_void_p(a.data_ptr())
            for a in arguments
        )
    )


class _Snake(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: Tensor) -> Tensor:
        x = x.contiguous()
        ctx.save_for_backward(x, alpha)
        y = torch.empty_like(x)
        _call("snake_forward", x, y, alpha, *x.shape)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        x, alpha = ctx.saved_tensors
        gx, ga = torch.empty_like(x), torch.empty_like(alpha)
        _call("snake_backward", x, grad.contiguous(), gx, alpha, ga, *x.shape)
        return gx, ga


class _Unit(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, a1: Tensor, weight: Tensor, bias: Tensor, a2: Tensor, dilation: int
    ) -> Tensor:
        x = x.contiguous()
        ctx.save_for_backward(x, a1, weight, bias, a2)
        ctx.dilation = dilation
        y = torch.empty_like(x)
        _call("unit_forward", x, y, a1, weight, bias, a2, *x.shape, dilation)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        x, a1, weight, bias, a2 = ctx.saved_tensors
        gx, *rest = (torch.empty_like(p) for p in (x, a1, weight, bias, a2))
        ga1, gw, gb, ga2 = rest
        _call(
            "unit_backward",
            x,
            grad.contiguous(),
            gx,
            a1,
            weight,
            bias,
            a2,
            ga1,
            gw,
            gb,
            ga2,
            *x.shape,
            ctx.dilation,
        )
        return gx, ga1, gw, gb, ga2, None


class _Fold(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, columns: Tensor, bias: Tensor, stride: int) -> Tensor:
        batch, _, steps = columns.shape
        ctx.sizes = (batch, len(bias), steps, stride)
        line = columns.new_empty(batch, len(bias), steps * stride)
        _call("fold_forward", columns.contiguous(), line, bias, *ctx.sizes)
        return line

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        batch, outputs, steps, stride = ctx.sizes
        columns = grad.new_empty(batch, outputs * 2 * stride, steps)
        bias = grad.new_empty(outputs)
        _call("fold_backward", grad.contiguous(), columns, bias, *ctx.sizes)
        return columns, bias, None


class _Final(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        x, weight = x.contiguous(), weight.contiguous()
        ctx.save_for_backward(x, weight)
        y = x.new_empty(x.shape[0], 1, x.shape[2])
        _call("final_forward", x, y, weight, bias, *x.shape)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        gx, gw, gb = torch.empty_like(x), torch.empty_like(weight), grad.new_empty(1)
        _call("final_backward", x, grad.contiguous(), gx, weight, gw, gb, *x.shape)
        return gx, gw, gb


def _fused(x: Tensor) -> bool:
    return x.device.type == "cpu" and x.dtype == torch.float32 and library() is not None


def snake(x: Tensor, alpha: Tensor) -> Tensor:
    """SNAC's Snake activation of x [batch, channels, steps] with alpha [1, channels, 1]."""
    if _fused(x):
        result: Tensor = _Snake.apply(x, alpha)
        return result
    return x + torch.sin(alpha * x).square() / (alpha + 1e-9)


def unit(x: Tensor, a1: Tensor, weight: Tensor, bias: Tensor, a2: Tensor, dilation: int) -> Tensor:
    """Snake, depthwise convolution (weight [channels, 1, 7]) and Snake of a residual unit."""
    if _fused(x):
        result: Tensor = _Unit.apply(x, a1, weight, bias, a2, dilation)
        return result
    y = F.conv1d(
        snake(x, a1), weight, bias, padding=3 * dilation, dilation=dilation, groups=x.shape[1]
    )
    return snake(y, a2)


def upsample(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int) -> Tensor:
    """A transposed convolution of kernel 2 ``stride`` (weight [in, out, 2 stride])."""
    if bias is None or not _fused(x):
        return F.conv_transpose1d(x, weight, bias, stride=stride, padding=stride // 2)
    matrix = weight.flatten(1).t().expand(x.shape[0], -1, -1)
    line: Tensor = _Fold.apply(torch.bmm(matrix, x), bias, stride)
    return line


def final(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """The last convolution: kernel 7, to one channel (weight [1, channels, 7])."""
    if bias is None or not _fused(x):
        return F.conv1d(x, weight, bias, padding=3)
    line: Tensor = _Final.apply(x, weight, bias)
    return line
