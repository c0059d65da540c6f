"""The calls into `tensorrt_llm`, and nothing else. Every keyword passes the contract first.

The checkpoint route is used (convert or calibrate, then `build`), not `LLM(...).save()`: the latter
also starts an executor and allocates the KV cache, on the GPU that is building.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engines.build_once import package_versions
from engines.calibration import LENGTH, SAMPLES
from engines.quant_rules import QuantRule, Route
from engines.recipe import Recipe
from tensorrt_tts.engine_folder.architecture import KNOWN, Architecture
from tensorrt_tts.engine_folder.contract import contract_for
from tensorrt_tts.engine_folder.releases import PINNED, EngineApi, load, tensorrt_version
from tensorrt_tts.errors import EngineError

AWQ_SAMPLES = 32
"""ModelOpt takes no more for AWQ, whose search is slow."""

INT8_KV_QUANTIZERS = {"*[kv]_bmm_quantizer": {"num_bits": 8, "axis": None, "enable": True}}
"""ModelOpt 0.37 exports scales of the cache from these quantisers of the attention module alone
(torch/export/layer_utils.py); the table that TensorRT-LLM 1.2.1 hands it names others."""


class TensorRTLLM:
    """One installed release."""

    def __init__(self, api: EngineApi) -> None:
        self._api = api
        self._contract = contract_for(api.contract)

    def versions(self) -> dict[str, str]:
        """Of the packages an engine is tied to. Reads metadata; imports nothing."""
        return {"tensorrt_llm": self._api.version, "tensorrt": tensorrt_version() or "none"}

    def environment(self) -> dict[str, str]:
        """Of what else took part, for the manifest's reader."""
        return package_versions("torch", "transformers", "nvidia-modelopt")

    def check_rule(self, rule: QuantRule) -> None:
        """Raises EngineError for a format that this release cannot calibrate."""
        if _int8_cache_of_modelopt(rule) and "KV_CACHE_CFG" not in self._contract.callables:
            raise EngineError(
                f"tensorrt_llm {self._api.version} is not known to export the scales of an INT8 KV "
                f"cache beside {rule.quant_algo} weights; install tensorrt_llm=={PINNED}, or build "
                "without --kv int8"
            )

    def convert(
        self, checkpoint: Path, shape: Architecture, recipe: Recipe, rule: QuantRule
    ) -> Any:
        """The model object, weights cast or rounded on the CPU."""
        name = f"{KNOWN[shape.name]}.from_hugging_face"
        return self._model_class(shape).from_hugging_face(
            **self._contract.checked(
                name,
                hf_model_or_dir=str(checkpoint),
                dtype=recipe.dtype,
                mapping=load("tensorrt_llm.mapping", "Mapping")(
                    **self._contract.checked("Mapping")
                ),
                quant_config=self._quant_config(rule),
                load_model_on_cpu=True,
            )
        )

    def calibrate(
        self,
        checkpoint: Path,
        shape: Architecture,
        recipe: Recipe,
        rule: QuantRule,
        dataset: Path,
        work: Path,
    ) -> Any:
        """The model object, quantised with the strings in `dataset`. Runs the model on the GPU.

        work: an empty folder for the intermediate checkpoint.
        """
        name = f"{KNOWN[shape.name]}.quantize"
        keywords = {
            "hf_model_dir": str(checkpoint),
            "output_dir": str(work),
            "dtype": recipe.dtype,
            "mapping": load("tensorrt_llm.mapping", "Mapping")(**self._contract.checked("Mapping")),
            "quant_config": self._quant_config(rule),
            "calib_dataset": str(dataset),
            "calib_batches": AWQ_SAMPLES if rule.quant_algo == "W4A16_AWQ" else SAMPLES,
            "calib_batch_size": 1,
            "calib_max_seq_length": LENGTH,
            "tokenizer_max_seq_length": LENGTH,
        }
        model_class = self._model_class(shape)
        if _int8_cache_of_modelopt(rule):
            table = load("tensorrt_llm.quantization.quantize_by_modelopt", "KV_CACHE_CFG")
            table.update(self._contract.checked("KV_CACHE_CFG", **INT8_KV_QUANTIZERS))
        model_class.quantize(**self._contract.checked(name, **keywords))
        return model_class.from_checkpoint(
            **self._contract.checked("PretrainedModel.from_checkpoint", ckpt_dir=str(work))
        )

    def compile(
        self, model: Any, recipe: Recipe, rule: QuantRule, timing: Path | None, new_timing: Path
    ) -> Any:
        """The engine object. timing: kernel timings of an earlier build on this GPU, or None.
        new_timing: where to write them, lest the default `model.cache` land in the cwd."""
        limits = recipe.limits
        config = load("tensorrt_llm", "BuildConfig")(
            **self._contract.checked(
                "BuildConfig",
                max_batch_size=limits.max_batch_size,
                max_seq_len=limits.max_seq_len,
                max_input_len=limits.max_input_len,
                max_num_tokens=limits.max_num_tokens,
                max_beam_width=1,
                # The batch the kernels are tuned for: a server is mostly half full.
                opt_batch_size=max(1, limits.max_batch_size // 2),
                input_timing_cache=str(timing) if timing else None,
                output_timing_cache=str(new_timing),
            )
        )
        plugins = self._contract.checked(
            "PluginConfig",
            **{
                # The plugin's matrix products; TensorRT's own (None) are slower to build and, with
                # one profile, slower to run. "auto" follows the model's dtype, which `build` sets.
                "gemm_plugin": "auto",
                "use_paged_context_fmha": True,
                **rule.plugins,
            },
        )
        for plugin, value in plugins.items():
            setattr(config.plugin_config, plugin, value)
        build = load("tensorrt_llm", "build")
        return build(**self._contract.checked("build", model=model, build_config=config))

    def save(self, engine: Any, folder: Path) -> None:
        engine.save(**self._contract.checked("Engine.save", engine_dir=str(folder)))

    def _model_class(self, shape: Architecture) -> Any:
        return load("tensorrt_llm.models", KNOWN[shape.name])

    def _quant_config(self, rule: QuantRule) -> Any:
        algorithms = load("tensorrt_llm.llmapi", "QuantAlgo")

        def member(name: str | None) -> Any:
            if name is None:
                return None
            return getattr(algorithms, self._contract.check_enum("QuantAlgo", name))

        return load("tensorrt_llm.llmapi", "QuantConfig")(
            **self._contract.checked(
                "QuantConfig",
                quant_algo=member(rule.quant_algo),
                kv_cache_quant_algo=member(rule.kv_quant_algo),
            )
        )


def _int8_cache_of_modelopt(rule: QuantRule) -> bool:
    return rule.route is Route.MODELOPT and rule.kv_quant_algo == "INT8"
