"""What the Modal apps share: images that pin the contract's versions, the volume, GPU names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import modal

from tensorrt_tts.engine_folder.contract import contract_for
from tensorrt_tts.engine_folder.releases import CONSTRAINTS, PINNED

REQUIRES = contract_for(PINNED).requires

ROOT = Path(__file__).parents[1]

RUNTIME = (
    "snac==1.2.1",
    "pydantic>=2.7",
    "pydantic-settings>=2.4",
    "packaging>=23",
    "tqdm>=4.66",
    "pyyaml",
    "onnx>=1.19",
    "onnxruntime>=1.24",
    "av>=14",
    "sentencex==1.0.32",
    "hibari-tts==0.2.1",
)
"""The package's own dependencies, but those that tensorrt_llm pins (torch, transformers, numpy,
tokenizers, safetensors, huggingface_hub) and must not move."""

PACKAGES = ("tensorrt_tts", "engines", "benchmarks", "vllm_inference", "deploy")

GPUS = {
    "a100-40": "A100-40GB",
    "a100-80": "A100-80GB",
    "l4": "L4",
    "l40s": "L40S",
    "a10g": "A10",
    "h100": "H100!",  # without the mark Modal may give an H200, on which the engine will not run
    "h200": "H200",
}
"""Our names for GPUs, in Modal's words."""

VOLUME_PATH = "/vol"

volume = modal.Volume.from_name("tensorrt-tts", create_if_missing=True)
"""Checkpoints, engines and compiled kernels, for all GPUs: an engine's folder names its GPU, the
caches keep kernels apart by architecture."""

CACHES = {
    "VLLM_CACHE_ROOT": f"{VOLUME_PATH}/cache/vllm",
    "TRITON_CACHE_DIR": f"{VOLUME_PATH}/cache/triton",
    "FLASHINFER_WORKSPACE_BASE": f"{VOLUME_PATH}/cache/flashinfer",
}
"""Where what is compiled at a start outlives the container; elsewhere every cold start compiles it
anew."""

_CONSTRAINTS_IN_IMAGE = "/trtllm-constraints.txt"


def persist() -> None:
    """Commits the volume, so that other containers see what this one wrote even if it crashes.
    Nothing where a method runs by `.local()`."""
    if not modal.is_local():
        volume.commit()


def _torch_source() -> dict[str, Any]:
    """Where the CUDA 13 build of torch is: at TORCH_INDEX, or at the index that uv knows for it."""
    options = f"--no-deps --constraints {_CONSTRAINTS_IN_IMAGE}"
    if index := os.environ.get("TORCH_INDEX"):
        return {"index_url": index, "extra_options": options}
    backend = "cu" + REQUIRES["cuda"].replace(".", "")
    return {"extra_options": f"{options} --torch-backend={backend}"}


def trtllm_image(*extra: str) -> modal.Image:
    """TensorRT-LLM, our runtime dependencies on top, and this repository's packages, in the
    versions of `requirements/`. extra: further requirements.

    torch comes first and alone: its index holds few versions of other packages.
    """
    rest: dict[str, Any] = {
        "extra_index_url": os.environ.get("TENSORRT_LLM_INDEX"),  # see engines/README.md
        # The versions are exact, so any index may have them; uv's default takes the first that
        # knows the name.
        "extra_options": f"--constraints {_CONSTRAINTS_IN_IMAGE} "
        "--index-strategy unsafe-best-match",
    }
    return (
        modal.Image.from_registry(REQUIRES["base_image"], add_python=REQUIRES["python"])
        .entrypoint([])
        .apt_install(*REQUIRES["apt"].split())
        .add_local_file(ROOT / CONSTRAINTS, _CONSTRAINTS_IN_IMAGE, copy=True)
        .uv_pip_install("torch", "torchvision", **_torch_source())
        .uv_pip_install(f"tensorrt_llm=={PINNED}", **rest)
        .uv_pip_install(*RUNTIME, *extra, **rest)
        .env(
            {
                "HF_HOME": f"{VOLUME_PATH}/huggingface",
                "TENSORRT_TTS_ENGINES": f"{VOLUME_PATH}/engines",
                **CACHES,
                # MPI refuses root, and containers have no other user.
                "OMPI_ALLOW_RUN_AS_ROOT": "1",
                "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            }
        )
        # Recipes, contracts and the demo voice are data files, which Modal leaves out by default.
        .add_local_python_source(*PACKAGES, ignore=["**/__pycache__/**"])
    )
