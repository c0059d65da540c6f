"""The GPUs recipes exist for, as data. Pure.

Memory is what `nvidia-smi` reports (MiB), bandwidth and throughput are the datasheets' (throughput
dense, without sparsity). The variant matters: an A100-40 reads at 1555 GB/s, an A100-80 at 2039.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tensorrt_tts.engine_folder.device import ComputeCapability
from tensorrt_tts.errors import SettingError

MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Gpu:
    """bandwidth: GB/s (10^9). fp16_tflops: dense tensor throughput of 16-bit matrix products.
    products: words by which nvidia-smi's name is known. source: of the numbers."""

    name: str
    memory_mib: int
    bandwidth: float
    capability: ComputeCapability
    fp16_tflops: float
    products: tuple[str, ...]
    source: str

    @property
    def memory(self) -> int:
        """Bytes."""
        return self.memory_mib * MIB


_AMPERE = ComputeCapability(8, 0)
_ADA = ComputeCapability(8, 9)
_HOPPER = ComputeCapability(9, 0)

GPUS = {
    gpu.name: gpu
    for gpu in (
        Gpu("a100-40", 40960, 1555, _AMPERE, 312, ("A100",), "A100 datasheet, 40GB"),
        Gpu("a100-80", 81920, 2039, _AMPERE, 312, ("A100",), "A100 datasheet, 80GB SXM"),
        Gpu("l4", 23034, 300, _ADA, 121, ("L4",), "L4 datasheet"),
        Gpu("l40s", 46068, 864, _ADA, 362, ("L40S",), "L40S datasheet"),
        Gpu(
            "a10g", 23028, 600, ComputeCapability(8, 6), 70, ("A10G", "A10"), "AWS G5 instance page"
        ),
        Gpu("h100", 81559, 3350, _HOPPER, 989, ("H100",), "H100 datasheet, SXM"),
        Gpu("h200", 143771, 4800, _HOPPER, 989, ("H200",), "H200 datasheet, SXM"),
    )
}

ALIASES = {"a100": "a100-80", "a10": "a10g", "h100-80": "h100", "h200-141": "h200"}
"""Without the maker and the unit of memory. A10 and A10G share chip, memory and bandwidth."""


def gpu(name: str) -> Gpu:
    """By our name, or as people and Modal write it: A100-80GB, "NVIDIA A100 80G", H100!.

    Raises SettingError that lists the known ones.
    """
    key = re.sub(r"[\s_]+", "-", name.strip().lower().removesuffix("!"))
    key = re.sub(r"(?<=-)(\d+)-?gb?$", r"\1", key.removeprefix("nvidia-"))
    found = GPUS.get(ALIASES.get(key, key))
    if found is None:
        raise SettingError(f"GPU {name!r} is unknown; choose one of: {', '.join(GPUS)}, a100")
    return found


def identify(product: str, memory_mib: int) -> Gpu | None:
    """The entry for a device that nvidia-smi reports, or None for one without recipes.

    product: such as "NVIDIA A100-SXM4-40GB". Memory tells the variants of one product apart; a
    MIG slice or another variant (less than 90 % of the entry's memory) is not taken for the whole.
    """
    words = set(re.split(r"[^A-Z0-9]+", product.upper()))
    for entry in sorted(GPUS.values(), key=lambda g: -g.memory_mib):
        if not words.isdisjoint(entry.products) and 0.9 * entry.memory_mib <= memory_mib:
            return entry
    return None
