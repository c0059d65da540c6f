"""Checkpoints on the PyTorch backend: what it is given, and what it is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM

from tensorrt_tts.backends.base import Grammar, Prompt, Sampling
from tensorrt_tts.backends.trtllm import opening as trtllm_open
from tensorrt_tts.backends.trtllm.opening import (
    open_pytorch,
)
from tensorrt_tts.errors import (
    EngineError,
    SettingError,
)
from tests.support import fake_tensorrt_llm
from tests.support.fake_tensorrt_llm import FakeLLM
from tests.support.trtllm_engines import generated


async def test_pytorch_backend(installed: pytest.MonkeyPatch, checkpoint: Path) -> None:
    backend = open_pytorch(checkpoint)
    keywords = backend._llm.keywords
    assert backend.name == "trtllm-pytorch"
    assert keywords["stream_interval"] == 7
    assert keywords["disable_overlap_scheduler"] is True
    assert "build_config" not in keywords
    assert await generated(backend) == list(range(10, 30))
    submitted = backend._llm.submitted[0].parameters
    assert submitted.logits_processor.repetition_penalty == 1.1
    assert submitted.repetition_penalty is None


@pytest.mark.parametrize("version", ["1.3.0rc24", "1.3.0rc29", "1.4.0rc1"])
async def test_pytorch_backend_that_has_penalties_keeps_its_overlap_scheduler(
    monkeypatch: pytest.MonkeyPatch, checkpoint: Path, version: str
) -> None:
    fake_tensorrt_llm.install(monkeypatch, version)
    monkeypatch.setattr(FakeLLM, "script", staticmethod(lambda p, s, position: 10 + position))
    backend = open_pytorch(checkpoint)
    assert "disable_overlap_scheduler" not in backend._llm.keywords
    grammar = Grammar((range(10, 30), range(30, 50)), stops=(2,))
    sampling = Sampling(max_tokens=5, grammar=grammar)
    _ = [chunk async for chunk in backend.stream(Prompt((1, 2)), sampling, "a")]
    submitted = backend._llm.submitted[0].parameters
    assert submitted.logits_processor is None
    assert submitted.repetition_penalty == 1.1
    assert (submitted.embedding_bias == 0).nonzero().flatten().tolist() == [2, *range(10, 50)]
    assert submitted.embedding_bias.shape == (1000,)
    assert submitted.seed is None


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The config.json of the folder that the PyTorch backend is given, as it is while it loads."""
    found: dict[str, Any] = {}
    construct = trtllm_open._construct

    def reading(llm_class: Any, keywords: dict[str, Any]) -> Any:
        folder = Path(keywords["model"])
        found.update(json.loads((folder / "config.json").read_text(encoding="utf-8")))
        found["folder"] = folder
        found["weights"] = len(load_file(next(folder.glob("*.safetensors"))))
        return construct(llm_class, keywords)

    monkeypatch.setattr(trtllm_open, "_construct", reading)
    return found


SCALING = {
    "rope_type": "llama3",
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}


def saved_by_5(folder: Path, **rope: Any) -> Path:
    """As transformers 5 writes it, weights included."""
    config = LlamaConfig(
        vocab_size=1000,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        rope_parameters={"rope_theta": 500000.0, **rope},
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    assert "rope_parameters" in json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return folder


@pytest.mark.parametrize("rope", [{"rope_type": "default"}, SCALING])
def test_pytorch_backend_whose_transformers_is_4_is_told_the_rope_of_5(
    installed: pytest.MonkeyPatch, tmp_path: Path, seen: dict[str, Any], rope: dict[str, Any]
) -> None:
    checkpoint = saved_by_5(tmp_path / "checkpoint", **rope)
    assert open_pytorch(checkpoint).name == "trtllm-pytorch"
    assert seen["rope_theta"] == 500000.0
    assert seen.get("rope_scaling") == (None if rope["rope_type"] == "default" else SCALING)
    assert seen["weights"] > 5
    assert not seen["folder"].exists()


def test_pytorch_backend_whose_transformers_is_5_takes_the_folder_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seen: dict[str, Any]
) -> None:
    fake_tensorrt_llm.install(monkeypatch, "1.3.0rc24")
    checkpoint = saved_by_5(tmp_path / "checkpoint", **SCALING)
    open_pytorch(checkpoint)
    assert seen["folder"] == checkpoint


def test_a_rope_that_transformers_4_cannot_be_told(
    installed: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checkpoint = saved_by_5(tmp_path / "checkpoint", rope_type="dynamic", factor=2.0)
    with pytest.raises(EngineError, match=r"RoPE scaling of type 'dynamic'.*1\.3\.0rc24"):
        open_pytorch(checkpoint)


@pytest.mark.parametrize("version", ["1.2.1", "1.3.0rc24"])
async def test_pytorch_backend_refuses_ids_its_model_has_not(
    monkeypatch: pytest.MonkeyPatch, checkpoint: Path, version: str
) -> None:
    fake_tensorrt_llm.install(monkeypatch, version)
    backend = open_pytorch(checkpoint)
    with pytest.raises(SettingError, match="prompt has id 1000"):
        await anext(backend.stream(Prompt((1, 1000)), Sampling(max_tokens=5), "a"))
    assert backend._llm.submitted == []
    assert backend.stats().fault is None
