"""What the device itself allows: how fast it copies its memory and multiplies 16-bit matrices.

The two ceilings of every roofline, measured where the datasheet's would flatter. Clocks and other
settings stay as they are found.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

REPEATS = 20


@dataclass(frozen=True, slots=True)
class Ceilings:
    """bandwidth: GB/s (10^9), bytes read plus bytes written of a device-to-device copy.
    tflops: of a square bfloat16 matrix product. Medians of `repeats`."""

    bandwidth: float
    tflops: float
    copied_bytes: int
    matrix: int
    repeats: int


def ceilings(device: str, repeats: int = REPEATS) -> Ceilings:
    """device: "cpu", "cuda" or "cuda:N". Sizes are far beyond its caches."""
    cuda = device.startswith("cuda")
    copied, matrix = (1 << 32, 8192) if cuda else (1 << 28, 1024)
    copy = copy_time(device, copied, repeats)
    release()
    product = product_time(device, matrix, repeats)
    release()
    return Ceilings(
        bandwidth=2 * copied / copy / 1e9,
        tflops=2 * matrix**3 / product / 1e12,
        copied_bytes=copied,
        matrix=matrix,
        repeats=repeats,
    )


def release() -> None:
    """Give what nobody refers to any more back to the device: torch's allocator would keep
    gigabytes for itself, and an engine that wants its share of the memory would refuse to start.
    Without CUDA there is nothing to do."""
    gc.collect()
    torch.cuda.empty_cache()


def copy_time(device: str, size: int, repeats: int) -> float:
    """Seconds. size: bytes."""
    source = torch.zeros(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return median_time(lambda: target.copy_(source), device, repeats)


def product_time(device: str, size: int, repeats: int) -> float:
    """Seconds. size: rows and columns of both bfloat16 matrices."""
    a = torch.randn((size, size), device=device).bfloat16()
    return median_time(lambda: a @ a, device, repeats)


def median_time(work: Callable[[], object], device: str | torch.device, repeats: int) -> float:
    """Seconds. The clock is read with the device idle, which costs tens of µs: work takes ms."""

    def wait() -> None:
        if torch.device(device).type == "cuda":
            torch.cuda.synchronize(device)

    for _ in range(3):
        work()
    times = []
    for _ in range(repeats):
        wait()
        began = time.perf_counter()
        work()
        wait()
        times.append(time.perf_counter() - began)
    return statistics.median(times)
