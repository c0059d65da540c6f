"""The environment that vLLM reads its switches from: what is added to the caller's."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from importlib.util import find_spec

BEFORE_IMPORT = {
    # A forked child of a process whose torch has started threads can hang.
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "WARNING",
    # Else stdout, where a command of ours answers.
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
}
"""Set before vllm is imported, where the caller's environment does not say otherwise."""

RUNNER = "VLLM_USE_V2_MODEL_RUNNER"
FLASHINFER_SAMPLER = "VLLM_USE_FLASHINFER_SAMPLER"


def before_start(
    given: Mapping[str, str], *, v2_processors: bool, cuda: bool, flashinfer: bool
) -> dict[str, str]:
    """Set once vllm is imported and before an engine starts; what the caller set stays.

    given: the caller's environment. v2_processors: whether this release's V2 model runner takes
    logits processors (0.32 does). Before, it is the default from 0.29 on and would refuse ours.
    flashinfer: whether FlashInfer's sampler can be had (`flashinfer_sampler`). vLLM 0.32 and 0.33
    choose it on every GPU without looking, and die at their start where it cannot.
    """
    added = {}
    if not v2_processors:
        added[RUNNER] = "0"
    if cuda and not flashinfer:
        added[FLASHINFER_SAMPLER] = "0"
    return {name: value for name, value in added.items() if name not in given}


def _installed(module: str) -> bool:
    return find_spec(module) is not None


def flashinfer_sampler(
    given: Mapping[str, str],
    which: Callable[[str], str | None] = shutil.which,
    installed: Callable[[str], bool] = _installed,
) -> bool:
    """Whether FlashInfer finds its sampler compiled, in flashinfer-jit-cache, or can compile it:
    with ninja, and the nvcc of CUDA_HOME, CUDA_PATH, the PATH or /usr/local/cuda, in this order
    (flashinfer/jit/cpp_ext.py of 0.7.2). flashinfer-cubin holds other kernels."""
    if installed("flashinfer_jit_cache"):
        return True
    home = given.get("CUDA_HOME") or given.get("CUDA_PATH")
    nvcc = which(f"{home}/bin/nvcc") if home else which("nvcc") or which("/usr/local/cuda/bin/nvcc")
    return nvcc is not None and which("ninja") is not None
