"""A stand-in for the building half of `tensorrt_llm`, strict about every keyword.

It takes exactly the parameters in the contract files, mirrors what is awkward in the original
(`KeyError: 'lm_head.weight'` for tied checkpoints in the native calibration, checkpoints and
datasets taken for others by the letters of their paths, RoPE read from transformers 4's fields
alone, AWQ's padded vocabulary, an INT8 cache whose scales ModelOpt exports from the bmm quantisers
only, `dtype` set by `build`, features switched off behind one's back) and writes engine folders of
the original's form, whose engine file holds as many bytes as the weights.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from tensorrt_tts.engine_folder.architecture import read_architecture
from tensorrt_tts.engine_folder.config import Quantization
from tensorrt_tts.engine_folder.contract import contract_for

MODELOPT = ("FP8", "W4A16_AWQ", "W4A8_AWQ", "NVFP4", "W8A8_SQ_PER_CHANNEL", "MIXED_PRECISION")


MODEL_WORDS = ("mpt", "vila", "llava", "exaone")
"""Words in a path that choose another loader in the original."""


@dataclass
class Double:
    """calls: (callable, keywords) in order. on: hooks run when a callable is entered, by name.
    modelopt: what ModelOpt's route is run by, keywords of `quantize` to the model it has written.
    """

    version: str = "1.2.1"
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    on: dict[str, Callable[[], None]] = field(default_factory=dict)
    calibrated_on: list[str] = field(default_factory=list)
    modelopt: Callable[[dict[str, Any]], Any] | None = None
    kv_cache_cfg: dict[str, Any] = field(
        default_factory=lambda: {
            f"*.{part}_proj.output_quantizer": {"num_bits": 8, "axis": None, "enable": True}
            for part in "kv"
        }
    )

    def called(self, name: str) -> dict[str, Any]:
        """The keywords of the last call of that name."""
        return [keywords for called, keywords in self.calls if called == name][-1]

    def enter(self, name: str, keywords: dict[str, Any]) -> None:
        contract = contract_for("1.2.1" if self.version.startswith("1.") else "0.21.0")
        callable_ = contract.callables[name]
        for keyword in keywords:
            if keyword not in callable_.parameters:
                raise TypeError(f"{name}() got an unexpected keyword argument {keyword!r}")
        for keyword in callable_.required:
            if keyword not in keywords:
                raise TypeError(f"{name}() missing {keyword!r}")
        self.calls.append((name, keywords))
        if name in self.on:
            self.on[name]()

    def install(self, monkeypatch: Any) -> None:
        """Puts the modules where `import` finds them, and the version where metadata is read."""
        for name, module in _modules(self).items():
            monkeypatch.setitem(sys.modules, name, module)
        real = importlib.metadata.version

        def version(package: str) -> str:
            known = {"tensorrt_llm": self.version, "tensorrt": "10.14.1.48"}
            return known[package] if package in known else real(package)

        monkeypatch.setattr(importlib.metadata, "version", version)


class _Enum(SimpleNamespace):
    pass


class _Plugins:
    """Fields of PluginConfig; unknown names fail loudly here, silently in the original."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        self.__dict__.update(parameters)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.__dict__:
            raise AttributeError(f"PluginConfig has no field {name!r}")
        self.__dict__[name] = value


class _Model:
    """A converted model: what its engine's config.json will say."""

    def __init__(self, folder: Path, dtype: str, quant: Any) -> None:
        if word := next((word for word in MODEL_WORDS if word in str(folder).lower()), None):
            raise ValueError(f"loads another model: {word}")
        self.shape = read_architecture(folder)
        self.raw = json.loads((folder / "config.json").read_text())
        self.dtype = dtype
        self.algo = getattr(quant, "quant_algo", None)
        self.kv = getattr(quant, "kv_cache_quant_algo", None)

    @property
    def rows(self) -> int:
        size = self.shape.vocab_size
        return size + -size % 64 if self.algo == "W4A16_AWQ" else size

    def config(self) -> dict[str, Any]:
        shape = self.shape
        return {
            "architecture": shape.name,
            "dtype": self.dtype,
            "vocab_size": self.rows,
            "norm_epsilon": self.raw.get("rms_norm_eps", 1e-6),
            # as transformers 4.57.3: `rope_parameters` does not exist for it
            "rotary_base": self.raw.get("rope_theta", 10000.0),
            "rotary_scaling": self.raw.get("rope_scaling"),
            "hidden_size": shape.hidden_size,
            "intermediate_size": shape.intermediate_size,
            "num_hidden_layers": shape.num_hidden_layers,
            "num_attention_heads": shape.num_attention_heads,
            "num_key_value_heads": shape.num_key_value_heads,
            "head_size": shape.head_size,
            "max_position_embeddings": shape.max_position_embeddings,
            "mapping": {"world_size": 1, "tp_size": 1, "pp_size": 1},
            "quantization": {"quant_algo": self.algo, "kv_cache_quant_algo": self.kv},
        }


class _Engine:
    def __init__(self, double: Double, model: _Model, config: Any) -> None:
        self._double, self._model, self._config = double, model, config

    def save(self, **keywords: Any) -> None:
        self._double.enter("Engine.save", keywords)
        folder = Path(keywords["engine_dir"])
        build = {k: v for k, v in vars(self._config).items() if k not in ("plugin_config",)}
        for unwritten in ("dry_run", "visualize_network"):
            build.pop(unwritten)
        build["kv_cache_type"] = "PAGED"
        build["plugin_config"] = dict(vars(self._config.plugin_config))
        document = {
            "version": self._double.version,
            "pretrained_config": self._model.config(),
            "build_config": build,
        }
        (folder / "config.json").write_text(json.dumps(document, indent=4))
        shape = self._model.shape
        bits = Quantization(quant_algo=self._model.algo).precision.layer_bits
        size = int(shape.layer_weights * bits / 8) + 2 * self._model.rows * shape.hidden_size
        (folder / "rank0.engine").write_bytes(bytes(size))
        if "Engine.saved" in self._double.on:
            self._double.on["Engine.saved"]()


def _modules(double: Double) -> dict[str, ModuleType]:
    contract = contract_for("1.2.1" if double.version.startswith("1.") else "0.21.0")

    def build_config(**keywords: Any) -> Any:
        double.enter("BuildConfig", keywords)
        values = {**contract.callables["BuildConfig"].parameters, **keywords}
        plugins = _Plugins(contract.callables["PluginConfig"].parameters)
        return SimpleNamespace(**{**values, "plugin_config": plugins})

    def quant_config(**keywords: Any) -> Any:
        double.enter("QuantConfig", keywords)
        return SimpleNamespace(**keywords)

    def mapping(**keywords: Any) -> Any:
        double.enter("Mapping", keywords)
        return SimpleNamespace(**keywords)

    def build(**keywords: Any) -> _Engine:
        double.enter("build", keywords)
        model, config = keywords["model"], keywords["build_config"]
        config.plugin_config.dtype = model.dtype
        if model.kv == "INT8" or (model.kv == "FP8" and model.algo != "FP8"):
            config.plugin_config.use_paged_context_fmha = False
        if config.input_timing_cache is not None:
            assert Path(config.input_timing_cache).is_file()
        Path(config.output_timing_cache).write_bytes(b"timings")
        return _Engine(double, model, config)

    def model_class(name: str) -> type:
        checkpoints: dict[str, _Model] = {}

        class ModelClass:
            @classmethod
            def from_hugging_face(cls, **keywords: Any) -> _Model:
                double.enter(f"{name}.from_hugging_face", keywords)
                quant = keywords["quant_config"]
                if _needs_calibration(quant):
                    raise ValueError("this quantisation needs calibration")
                return _Model(Path(keywords["hf_model_or_dir"]), keywords["dtype"], quant)

            @classmethod
            def quantize(cls, **keywords: Any) -> None:
                double.enter(f"{name}.quantize", keywords)
                quant, source = keywords["quant_config"], Path(keywords["hf_model_dir"])
                if not _needs_calibration(quant):
                    raise ValueError("this quantisation needs no calibration")
                modelopt = quant.quant_algo in MODELOPT or (
                    quant.quant_algo is None and quant.kv_cache_quant_algo == "FP8"
                )
                if modelopt and double.modelopt is not None:
                    checkpoints[keywords["output_dir"]] = double.modelopt(keywords)
                    return
                model = _Model(source, keywords["dtype"], quant)
                if not modelopt and model.shape.tie_word_embeddings:
                    raise KeyError("lm_head.weight")
                _check_tokenizer(source)
                double.calibrated_on = _dataset(keywords["calib_dataset"], modelopt)
                checkpoints[keywords["output_dir"]] = model
                scaled = "*[kv]_bmm_quantizer" in double.kv_cache_cfg
                if modelopt and model.kv == "INT8" and not scaled:
                    model.kv = None
                _write_quantized(Path(keywords["output_dir"]), model)
                if "quantized" in double.on:
                    double.on["quantized"]()

            @classmethod
            def from_checkpoint(cls, **keywords: Any) -> _Model:
                double.enter("PretrainedModel.from_checkpoint", keywords)
                return checkpoints[keywords["ckpt_dir"]]

        return ModelClass

    def module(name: str, **members: Any) -> ModuleType:
        made = ModuleType(name)
        made.__dict__.update(members)
        return made

    algorithms = _Enum(**{name: name for name in contract.enums["QuantAlgo"]})
    return {
        "tensorrt_llm": module("tensorrt_llm", BuildConfig=build_config, build=build, LLM=object),
        "tensorrt_llm.mapping": module("tensorrt_llm.mapping", Mapping=mapping),
        "tensorrt_llm.llmapi": module(
            "tensorrt_llm.llmapi", QuantConfig=quant_config, QuantAlgo=algorithms
        ),
        "tensorrt_llm.quantization.quantize_by_modelopt": module(
            "tensorrt_llm.quantization.quantize_by_modelopt", KV_CACHE_CFG=double.kv_cache_cfg
        ),
        "tensorrt_llm.models": module(
            "tensorrt_llm.models",
            LLaMAForCausalLM=model_class("LLaMAForCausalLM"),
            QWenForCausalLM=model_class("QWenForCausalLM"),
        ),
    }


def _needs_calibration(quant: Any) -> bool:
    direct = (None, "W8A16", "W4A16", "FP8_PER_CHANNEL_PER_TOKEN")
    return quant.quant_algo not in direct or quant.kv_cache_quant_algo is not None


def _check_tokenizer(folder: Path) -> None:
    """What transformers 4.57.3 refuses of a tokenizer_config.json that transformers 5 wrote."""
    path = folder / "tokenizer_config.json"
    if not path.is_file():
        return
    config = json.loads(path.read_text())
    if config["tokenizer_class"].endswith("Backend"):
        raise ValueError(f"Tokenizer class {config['tokenizer_class']} does not exist")
    if isinstance(config.get("extra_special_tokens"), list):
        raise AttributeError("'list' object has no attribute 'keys'")
    assert config.get("pad_token") or config.get("eos_token"), "Pad token cannot be set!"


def _write_quantized(folder: Path, model: _Model) -> None:
    """The intermediate checkpoint, as far as it is looked at."""
    (folder / "config.json").write_text(json.dumps(model.config()))
    scales = {}
    if model.kv is not None:
        scales = {
            f"transformer.layers.{layer}.attention.kv_cache_scaling_factor": np.ones(1, np.float32)
            for layer in range(model.shape.num_hidden_layers)
        }
    save_file(scales, folder / "rank0.safetensors")


def _dataset(path: str, modelopt: bool) -> list[str]:
    """What the original would calibrate on. ModelOpt: any folder, train split, "text". The native
    route: a known name within the path decides split and column."""
    if any(word in path.lower() for word in ("cnn_dailymail", "scienceqa", "science_qa")):
        raise ValueError(f"loads another dataset: {path}")
    if not modelopt and "lambada" not in path:
        raise KeyError(None)
    split = "train" if modelopt else "validation"
    lines = (Path(path) / f"{split}.jsonl").read_text().splitlines()
    return [json.loads(line)["text"] for line in lines]
