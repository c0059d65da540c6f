"""TensorRT-LLM's double with a real model inside, and the engine folder that goes with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from tensorrt_tts.engine_folder.architecture import read_architecture
from tensorrt_tts.engine_folder.fingerprint import fingerprint
from tensorrt_tts.engine_folder.manifest import Inputs, Manifest, file_entries, write_manifest


class Logits:
    """A `transformers` model's logits after some ids, float32 (rows,). What was asked before is not
    computed again: tests ask the same of one model."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._known: dict[tuple[int, ...], torch.Tensor] = {}

    @torch.inference_mode()
    def after(self, ids: list[int]) -> torch.Tensor:
        key = tuple(ids)
        if key not in self._known:
            found = self._model(input_ids=torch.tensor([ids]), logits_to_keep=1, use_cache=False)
            self._known[key] = found.logits[0, -1].float()
        return self._known[key]


class ModelScript:
    """A `fake_tensorrt_llm.Script`: the greedy id of a model, as an engine says it.

    Ids are cut to the head's rows, `embedding_bias` is added to the logits, and what is not a
    number loses no comparison, so that the first id wins where everything is NaN.
    """

    def __init__(self, logits: Logits) -> None:
        self._logits = logits
        self._said: dict[int, tuple[Any, list[int]]] = {}

    def __call__(self, prompt: list[int], parameters: Any, position: int) -> int:
        # Keyed by the request's own parameters, which are kept so that no other gets their id.
        _, said = self._said.setdefault(id(parameters), (parameters, []))
        assert len(said) == position
        assert parameters.top_k == 1, "only greedy requests"
        logits = self._logits.after([*prompt, *said])
        if parameters.embedding_bias is not None:
            logits = logits + parameters.embedding_bias
        said.append(int(logits.nan_to_num(nan=torch.inf).argmax()))
        return said[-1]


def write_engine(
    folder: Path,
    checkpoint: Path,
    quant_algo: str | None = None,
    kv_quant_algo: str | None = None,
    manifest: bool = True,
    max_seq_len: int = 2048,
) -> Path:
    """As `engines build` publishes it, of that checkpoint's shape, but for the weights."""
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    shape = read_architecture(checkpoint)
    folder.mkdir(parents=True)
    pretrained = {
        "architecture": config["architectures"][0],
        "dtype": "float16",
        "quantization": {"quant_algo": quant_algo, "kv_cache_quant_algo": kv_quant_algo},
        "mapping": {"world_size": 1},
        "head_size": config.get("head_dim"),
        "rotary_base": shape.rope_theta,
        "rotary_scaling": shape.rope_scaling,
        "norm_epsilon": shape.rms_norm_eps,
        **{
            name: config[name]
            for name in (
                *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers"),
                *("num_attention_heads", "num_key_value_heads", "max_position_embeddings"),
            )
        },
    }
    build = {
        "max_batch_size": 4,
        "max_seq_len": max_seq_len,
        "max_num_tokens": 4096,
        "max_input_len": 512,
        "plugin_config": {"use_paged_context_fmha": kv_quant_algo is None},
    }
    content = {"version": "1.2.1", "pretrained_config": pretrained, "build_config": build}
    (folder / "config.json").write_text(json.dumps(content))
    (folder / "rank0.engine").write_bytes(bytes(16 << 20))
    if manifest:
        inputs = Inputs(
            kind="tensorrt-llm",
            checkpoint=fingerprint(checkpoint, folder.parent),
            recipe={"model": "orpheus-3b"},
            product="NVIDIA A100-SXM4-80GB",
            capability="8.0",
            versions={"tensorrt_llm": "1.2.1"},
        )
        write_manifest(
            folder,
            Manifest(
                key=inputs.key,
                inputs=inputs,
                source=str(checkpoint),
                plan={},
                environment={},
                built_at="2026-11-26T10:00:00+00:00",
                seconds={},
                files=file_entries(folder),
            ),
        )
    return folder
