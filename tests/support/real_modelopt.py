"""ModelOpt's route of `tensorrt_llm`, run for real: NVIDIA's ModelOpt 0.37 on the CPU.

`tensorrt_llm` itself cannot be installed without a GPU. What stands in for it here is only what it
does around ModelOpt (quantization/quantize_by_modelopt.py and models/{llama,qwen}/config.py, read
at 042c510d, 04100fd0 and 0428c188): the loader chosen by letters of the path, transformers 4's
classes, the configurations by format with its own table for an INT8 cache, the configuration that
ModelOpt asks it for while exporting, and the fields it corrects afterwards.
"""

from __future__ import annotations

import copy
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from tensorrt_tts.engine_folder.architecture import Architecture, read_architecture
from tests.support.tensorrt_llm_builder import Double

STRINGS, LENGTH = 2, 256
"""Calibration strings, and ids of each, that are really run: all of them take hours on a CPU."""

QUANT_FIELDS = {
    "quant_algo",
    "kv_cache_quant_algo",
    "group_size",
    "smoothquant_val",
    "clamp_val",
    "use_meta_recipe",
    "has_zero_point",
    "pre_quant_scale",
    "exclude_modules",
}


@dataclass
class Exported:
    """What ModelOpt wrote. config_json: its config.json. tensors: name to tensor."""

    config_json: dict[str, Any]
    tensors: dict[str, Any]
    shape: Architecture

    @property
    def dtype(self) -> str:
        return str(self.config_json["dtype"])

    @property
    def algo(self) -> str | None:
        return self.config_json["quantization"]["quant_algo"]

    @property
    def kv(self) -> str | None:
        return self.config_json["quantization"]["kv_cache_quant_algo"]

    @property
    def rows(self) -> int:
        return int(self.tensors["transformer.vocab_embedding.weight"].shape[0])

    def config(self) -> dict[str, Any]:
        return self.config_json


@dataclass
class RealModelOpt:
    """Runs `quantize` of the double. exported: of the last call."""

    double: Double
    strings: list[str] = field(default_factory=list)
    exported: Exported | None = None

    def install(self, monkeypatch: Any) -> None:
        self.double.modelopt = self.quantize
        self.double.install(monkeypatch)
        models = sys.modules["tensorrt_llm.models"]
        monkeypatch.setattr(sys.modules["tensorrt_llm"], "__version__", "1.2.1", raising=False)
        config_class = SimpleNamespace(config_class=_Config)
        names = ("LlamaForCausalLM", "Qwen2ForCausalLM")
        monkeypatch.setattr(models, "MODEL_MAP", dict.fromkeys(names, config_class), raising=False)
        utils = ModuleType("tensorrt_llm.models.modeling_utils")
        utils.Mapping = _Plain  # type: ignore[attr-defined]
        utils.QuantConfig = _QuantConfig  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, utils.__name__, utils)

    def quantize(self, keywords: dict[str, Any]) -> Exported:
        import torch
        from modelopt.torch.export import export_tensorrt_llm_checkpoint
        from safetensors.torch import load_file
        from transformers import AutoConfig, AutoModelForCausalLM, MptConfig

        source, target = keywords["hf_model_dir"], Path(keywords["output_dir"])
        quant = keywords["quant_config"]
        config = (MptConfig if "mpt" in source else AutoConfig).from_pretrained(source)
        dtype = getattr(torch, keywords["dtype"])
        if "vila" in source or "llava-onevision-qwen2" in source:
            raise ModuleNotFoundError("No module named 'llava'")
        model = AutoModelForCausalLM.from_pretrained(source, torch_dtype=dtype).eval()
        kind = "qwen" if "Qwen" in type(model).__name__ else "llama"
        batches = self._batches(source, keywords, kind)
        self._calibrate(model, quant, batches)
        with torch.inference_mode():
            export_tensorrt_llm_checkpoint(
                model,
                kind,
                dtype,
                export_dir=target,
                inference_tensor_parallel=1,
                inference_pipeline_parallel=1,
            )
        document = json.loads((target / "config.json").read_text())
        document["architecture"] = type(model).__name__
        document.setdefault("rotary_scaling", getattr(model.config, "rope_scaling", None))
        if quant.quant_algo == "FP8" and quant.kv_cache_quant_algo is None:
            document["quantization"]["kv_cache_quant_algo"] = None
        if kind == "qwen":
            document["norm_epsilon"] = config.rms_norm_eps
            document["rotary_base"] = config.rope_theta
            document["intermediate_size"] = config.intermediate_size
        (target / "config.json").write_text(json.dumps(document))
        self.exported = Exported(
            document, load_file(target / "rank0.safetensors"), read_architecture(Path(source))
        )
        return self.exported

    def _batches(self, source: str, keywords: dict[str, Any], kind: str) -> Any:
        """The first strings, as ids of (1, length)."""
        from datasets import load_dataset
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(
            source,
            model_max_length=keywords["tokenizer_max_seq_length"],
            padding_side="left",
        )
        if tokenizer.pad_token is None:
            last = tokenizer.convert_ids_to_tokens(151643) if kind == "qwen" else None
            tokenizer.pad_token = last or tokenizer.eos_token
        assert tokenizer.pad_token is not None, f"Pad token for {kind} cannot be set!"
        path = keywords["calib_dataset"]
        assert os.path.isdir(path)
        name = "3.0.0" if "cnn_dailymail" in path else None
        rows = load_dataset(path, name=name, split="train", trust_remote_code=True)
        self.strings = rows["text"][: min(keywords["calib_batches"], STRINGS)]
        ids = tokenizer.batch_encode_plus(
            self.strings,
            return_tensors="pt",
            padding=True,
            truncation=True,
            max_length=keywords["calib_max_seq_length"],
        )["input_ids"]
        assert ids.shape == (len(self.strings), keywords["calib_max_seq_length"])
        return ids[:, :LENGTH].split(keywords["calib_batch_size"])

    def _calibrate(self, model: Any, quant: Any, batches: Any) -> None:
        import modelopt.torch.quantization as mtq
        import torch

        config = copy.deepcopy(
            {
                "W8A8_SQ_PER_CHANNEL": mtq.INT8_SMOOTHQUANT_CFG,
                "FP8": mtq.FP8_DEFAULT_CFG,
                "W4A16_AWQ": mtq.INT4_AWQ_CFG,
            }[quant.quant_algo]
        )
        if quant.kv_cache_quant_algo is not None:
            cache = {"FP8": mtq.FP8_KV_CFG["quant_cfg"], "INT8": self.double.kv_cache_cfg}
            config["quant_cfg"].update(cache[quant.kv_cache_quant_algo])

        def loop(_: Any) -> None:
            with torch.no_grad():
                for batch in batches:
                    model(input_ids=batch)

        mtq.quantize(model, config, forward_loop=loop)


class _Plain(SimpleNamespace):
    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> _Plain:
        return cls(**values)


class _QuantConfig(_Plain):
    def __init__(self, **values: Any) -> None:
        assert set(values) <= QUANT_FIELDS, f"unknown fields: {set(values) - QUANT_FIELDS}"
        super().__init__(**values)


class _Config(_Plain):
    """LLaMAConfig and QWenConfig: what they take of a configuration of transformers 4."""

    @classmethod
    def from_hugging_face(
        cls, hf_config_or_dir: Any, dtype: str, mapping: _Plain, quant_config: _Plain
    ) -> _Config:
        hf = hf_config_or_dir
        head_dim = getattr(hf, "head_dim", hf.hidden_size // hf.num_attention_heads)
        return cls(
            architecture=hf.architectures[0],
            dtype=dtype,
            vocab_size=hf.vocab_size,
            hidden_size=hf.hidden_size,
            intermediate_size=hf.intermediate_size,
            num_hidden_layers=hf.num_hidden_layers,
            num_attention_heads=hf.num_attention_heads,
            num_key_value_heads=getattr(hf, "num_key_value_heads", hf.num_attention_heads),
            head_size=head_dim,
            max_position_embeddings=hf.max_position_embeddings,
            norm_epsilon=hf.rms_norm_eps,
            rotary_base=getattr(hf, "rope_theta", 10000.0),
            rotary_scaling=getattr(hf, "rope_scaling", None),
            tie_word_embeddings=getattr(hf, "tie_word_embeddings", False),
            mapping=vars(mapping),
            quantization=vars(quant_config),
        )

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))
