"""Engine folders as the tools leave them, on three GPUs."""

from __future__ import annotations

import json
from pathlib import Path

from tensorrt_tts.backends.base import Grammar, Prompt, Sampling
from tensorrt_tts.backends.trtllm.backend import TensorRTLLMBackend
from tensorrt_tts.engine_folder.device import ComputeCapability, Device
from tensorrt_tts.engine_folder.fingerprint import fingerprint
from tensorrt_tts.engine_folder.manifest import Inputs, Manifest, file_entries, write_manifest

A100 = Device("NVIDIA A100-SXM4-80GB", 81920, ComputeCapability(8, 0), "580.1")


L4 = Device("NVIDIA L4", 23034, ComputeCapability(8, 9), "580.1")


PCIE = Device("NVIDIA A100 80GB PCIe", 81920, ComputeCapability(8, 0), "580.1")


def engine_folder(
    path: Path,
    version: str = "1.2.1",
    paged: bool = True,
    algorithm: str | None = None,
    rows: int = 1000,
) -> Path:
    """As `trtllm-build` leaves it: config.json and rank0.engine."""
    path.mkdir()
    pretrained = {
        "architecture": "LlamaForCausalLM",
        "dtype": "float16",
        "vocab_size": rows,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_size": 32,
        "mapping": {"world_size": 1},
        "quantization": {"quant_algo": algorithm, "kv_cache_quant_algo": None if paged else "INT8"},
    }
    build = {
        "max_batch_size": 4,
        "max_seq_len": 512,
        "max_num_tokens": 512,
        "max_input_len": 256,
        "plugin_config": {"use_paged_context_fmha": paged},
    }
    config = {"version": version, "pretrained_config": pretrained, "build_config": build}
    (path / "config.json").write_text(json.dumps(config))
    (path / "rank0.engine").write_bytes(bytes(1 << 20))
    return path


def published(
    root: Path,
    name: str,
    checkpoint: Path,
    built_at: str,
    device: Device = A100,
    version: str = "1.2.1",
    tensorrt: str = "none",
) -> Path:
    """An engine of that checkpoint as `python -m engines build` publishes it."""
    root.mkdir(exist_ok=True)
    folder = engine_folder(root / name, version)
    inputs = Inputs(
        kind="tensorrt-llm",
        checkpoint=fingerprint(checkpoint, root),
        recipe={},
        product=device.product,
        capability=str(device.capability),
        versions={"tensorrt_llm": version, "tensorrt": tensorrt},
    )
    manifest = Manifest(
        key=inputs.key,
        inputs=inputs,
        source=str(checkpoint),
        plan={},
        environment={},
        built_at=built_at,
        seconds={},
        files=file_entries(folder),
    )
    write_manifest(folder, manifest)
    return folder


async def generated(backend: TensorRTLLMBackend) -> list[int]:
    stream = backend.stream(
        Prompt((1, 2)), Sampling(max_tokens=20, grammar=Grammar(stops=(2,))), "a"
    )
    return [token async for chunk in stream for token in chunk.ids]
