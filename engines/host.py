"""The machine an engine is built or loaded on: its GPU, its memory, its free disk.

The GPU is asked for with `nvidia-smi`, which creates no CUDA context and needs no torch.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from engines.gpus import ComputeCapability

_QUERY = "name,memory.total,compute_cap,driver_version"


@dataclass(frozen=True, slots=True)
class Device:
    """One GPU as the driver reports it. memory_mib: total."""

    product: str
    memory_mib: int
    capability: ComputeCapability
    driver: str


def find_device(index: int = 0, timeout: float = 20.0) -> Device | None:
    """The GPU of that index, or None when there is no driver, no GPU or no answer."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return None
    try:
        answer = subprocess.run(
            [command, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits", f"--id={index}"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=True,
        ).stdout
        product, memory, capability, driver = answer.strip().splitlines()[0].split(", ")
        return Device(product, int(memory), ComputeCapability.parse(capability), driver)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def host_memory() -> int:
    """Bytes of physical memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def free_disk(folder: Path) -> int:
    """Bytes free where `folder` is or will be."""
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    return shutil.disk_usage(existing).free
