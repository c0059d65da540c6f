"""What the Modal apps share: images that pin the contract's versions, the volume, GPU names."""

from __future__ import annotations

import os

import modal

from engines.compat import PINNED
from engines.contract import contract_for

REQUIRES = contract_for(PINNED).requires

RUNTIME = (
    "snac==1.2.1",
    "pydantic>=2.7",
    "pydantic-settings>=2.4",
    "packaging>=23",
    "tqdm>=4.66",
    "av>=14",
    "hibari-tts==0.2.1",
)
"""The package's own dependencies, but those that tensorrt_llm pins (torch, transformers, numpy,
tokenizers, safetensors, huggingface_hub) and must not move."""

PACKAGES = ("tensorrt_tts", "engines", "benchmarks", "vllm_inference", "deploy")

GPUS = {
    "a100-40": "A100-40GB",
    "a100-80": "A100-80GB",
    "a100": "A100-80GB",
    "l4": "L4",
    "l40s": "L40S",
    "a10g": "A10",
    "h100": "H100!",  # without the mark Modal may give an H200, on which the engine will not run
    "h200": "H200",
}
"""Our names for GPUs, in Modal's words."""

VOLUME_PATH = "/vol"

volume = modal.Volume.from_name("tensorrt-tts", create_if_missing=True)
"""Checkpoints and engines. Engines are keyed by their manifest, so one volume serves all GPUs."""


def trtllm_image(*extra: str) -> modal.Image:
    """TensorRT-LLM, our runtime dependencies on top, and this repository's packages. extra: further
    requirements."""
    return (
        modal.Image.from_registry(REQUIRES["base_image"], add_python=REQUIRES["python"])
        .entrypoint([])
        .apt_install(*REQUIRES["apt"].split())
        .uv_pip_install(
            f"tensorrt_llm=={PINNED}",
            f"torch=={REQUIRES['torch']}",
            extra_index_url=os.environ.get("TENSORRT_LLM_INDEX"),  # see engines/README.md
        )
        .uv_pip_install(*RUNTIME, *extra, f"torch=={REQUIRES['torch']}")
        .env(
            {
                "HF_HOME": f"{VOLUME_PATH}/huggingface",
                "TENSORRT_TTS_ENGINES": f"{VOLUME_PATH}/engines",
                # MPI refuses root, and containers have no other user.
                "OMPI_ALLOW_RUN_AS_ROOT": "1",
                "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            }
        )
        # Recipes, contracts and the demo voice are data files, which Modal leaves out by default.
        .add_local_python_source(*PACKAGES, ignore=["**/__pycache__/**"])
    )
