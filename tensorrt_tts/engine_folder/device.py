"""The GPU an engine is built or loaded on.

It is asked for with `nvidia-smi`, which creates no CUDA context and needs no torch.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass

_QUERY = "name,memory.total,compute_cap,driver_version"


@dataclass(frozen=True, slots=True)
class ComputeCapability:
    """CUDA compute capability; `sm` is the two parts as one number, 89 for 8.9."""

    major: int
    minor: int

    @property
    def sm(self) -> int:
        return 10 * self.major + self.minor

    @property
    def fp8(self) -> bool:
        """Ada (8.9) and Hopper (9.0) onwards multiply FP8."""
        return self.sm >= 89

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    @classmethod
    def parse(cls, text: str) -> ComputeCapability:
        """From "8.9", as nvidia-smi prints it. Raises ValueError."""
        major, _, minor = text.strip().partition(".")
        return cls(int(major), int(minor))


@dataclass(frozen=True, slots=True)
class Device:
    """One GPU as the driver reports it. memory_mib: total."""

    product: str
    memory_mib: int
    capability: ComputeCapability
    driver: str


def _mebibytes(memory: str) -> int:
    """The host's, where a GPU has none of its own. Raises ValueError."""
    if memory in ("[N/A]", "[Not Supported]"):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return int(memory)


def find_device(timeout: float = 20.0) -> Device | None:
    """The first GPU, or None when there is no driver, no GPU or no answer."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return None
    try:
        answer = subprocess.run(
            [command, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits", "--id=0"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=True,
        ).stdout
        product, memory, capability, driver = answer.strip().splitlines()[0].split(", ")
        return Device(product, _mebibytes(memory), ComputeCapability.parse(capability), driver)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
