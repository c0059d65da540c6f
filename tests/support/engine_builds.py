"""A checkpoint, a host and a plan small enough to build many times, and what changes them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

from engines.build import Host
from engines.gpus import gpu
from engines.plan import Plan, plan
from engines.recipe import model_recipes, recipe
from engines.toolchain import TensorRTLLM
from tensorrt_tts.engine_folder.architecture import read_architecture
from tensorrt_tts.engine_folder.device import ComputeCapability, Device
from tensorrt_tts.engine_folder.formats import Format
from tensorrt_tts.engine_folder.releases import engine_api
from tests.support.tensorrt_llm_builder import Double

A100 = Device("NVIDIA A100-SXM4-80GB", 81920, ComputeCapability(8, 0), "580.65.06")
H100 = Device("NVIDIA H100 80GB HBM3", 81559, ComputeCapability(9, 0), "580.65.06")


CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 128,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 64,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": True,
}


def write_tokenizer(folder: Path) -> int:
    """Letters, Llama's two control tokens, and all of Orpheus' audio tokens. Returns its size."""
    letters = ["<|begin_of_text|>", "<|eot_id|>", "<unk>", *map(chr, range(32, 127))]
    vocabulary = {name: index for index, name in enumerate(letters)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    added = [*letters[:2], *(f"<custom_token_{n}>" for n in range(10 + 7 * 4096))]
    tokenizer.add_special_tokens([AddedToken(name, normalized=False) for name in added])
    tokenizer.save(str(folder / "tokenizer.json"))
    return len(letters) + len(added) - 2


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Orpheus' layout with the real codebook and two tiny layers, the head tied to the embedding;
    written without torch, which takes longer to import than these tests to run."""
    folder = tmp_path_factory.mktemp("orpheus")
    vocab_size = write_tokenizer(folder)
    (folder / "config.json").write_text(json.dumps({**CONFIG, "vocab_size": vocab_size}))
    random = np.random.default_rng(0)
    shapes = {"model.embed_tokens.weight": (vocab_size, 128), "model.norm.weight": (128,)}
    for layer in range(2):
        shapes |= {
            f"model.layers.{layer}.{name}.weight": shape
            for name, shape in {
                "self_attn.q_proj": (128, 128),
                "self_attn.k_proj": (64, 128),
                "self_attn.v_proj": (64, 128),
                "self_attn.o_proj": (128, 128),
                "mlp.gate_proj": (128, 128),
                "mlp.up_proj": (128, 128),
                "mlp.down_proj": (128, 128),
                "input_layernorm": (128,),
                "post_attention_layernorm": (128,),
            }.items()
        }
    tensors = {
        name: random.standard_normal(shape).astype(np.float16) for name, shape in shapes.items()
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture
def copy(checkpoint: Path, tmp_path: Path) -> Path:
    """Of the checkpoint, to be changed."""
    return shutil.copytree(checkpoint, tmp_path / "copy")


def edit(folder: Path, name: str = "config.json", **changes: Any) -> None:
    """Fields of a JSON file; "absent" takes one out."""
    path = folder / name
    raw = json.loads(path.read_text()) if path.is_file() else {}
    raw = {key: value for key, value in {**raw, **changes}.items() if value != "absent"}
    path.write_text(json.dumps(raw))


def change_tensors(folder: Path, change: Callable[[dict[str, np.ndarray]], object]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Double:
    made = Double()
    made.install(monkeypatch)
    return made


@pytest.fixture
def host(double: Double) -> Host:
    return Host(A100, 64 * 10**9, TensorRTLLM(engine_api(double.version)))


@pytest.fixture
def make_plan(checkpoint: Path):
    """The plan for the tiny checkpoint, by format and GPU."""

    def make(fmt: str = "fp16", gpu_name: str = "a100", model: str = "orpheus-3b") -> Plan:
        wanted = recipe(model_recipes(model), gpu(gpu_name), Format.parse(fmt))
        return plan(wanted, read_architecture(checkpoint))

    return make
