"""Is this engine, or the checkpoint a calibrator wrote for it, what the plan says?"""

from __future__ import annotations

from pathlib import Path

from engines.plan import Plan
from tensorrt_tts.engine_folder.check import EngineInfo, Pairs, check_files, compare, model_fields
from tensorrt_tts.engine_folder.config import BuildConfig, PretrainedConfig, read_config
from tensorrt_tts.errors import EngineMismatchError


def check_planned(folder: Path, expected: Plan) -> EngineInfo:
    """Of an engine, published or still being built, which has no manifest yet. Raises what
    `check_engine` does, EngineMismatchError too for an engine of another plan."""
    info = check_files(folder)
    if info.config is not None:  # None: an engine of another kind, which no plan is of
        compare(folder, _planned(info.config.pretrained_config, expected), "the plan")
        compare(folder, _limits(info.config.build_config, expected), "the plan")
    return info


def check_quantized(folder: Path, expected: Plan) -> None:
    """The same questions to the checkpoint that a calibrator wrote, before an engine is compiled of
    it: config.json as planned, and a scale of the KV cache in every layer where it is quantised.

    Raises CorruptEngineError or EngineMismatchError.
    """
    pretrained = read_config(folder, PretrainedConfig)
    compare(folder, _planned(pretrained, expected), "the plan")
    if expected.rule.kv_quant_algo is None:
        return
    from safetensors import safe_open

    with safe_open(folder / "rank0.safetensors", framework="np") as stored:
        names = set(stored.keys())
    for layer in range(expected.architecture.num_hidden_layers):
        name = f"transformer.layers.{layer}.attention.kv_cache_scaling_factor"
        if name not in names:
            raise EngineMismatchError(
                f"{str(folder)!r} lacks {name}: the calibrator left the KV cache as it was; build "
                "with a 16-bit cache (--kv 16)"
            )


def _planned(found: PretrainedConfig, expected: Plan) -> Pairs:
    rule, quantization = expected.rule, found.quantization
    return {
        **model_fields(found, expected.architecture, expected.vocab_rows),
        "dtype": (found.dtype, expected.recipe.dtype),
        "quant_algo": (quantization.quant_algo, rule.quant_algo),
        "kv_cache_quant_algo": (quantization.kv_cache_quant_algo, rule.kv_quant_algo),
    }


def _limits(found: BuildConfig, expected: Plan) -> Pairs:
    limits = expected.recipe.limits
    return {
        "max_batch_size": (found.max_batch_size, limits.max_batch_size),
        "max_seq_len": (found.max_seq_len, limits.max_seq_len),
        "max_num_tokens": (found.max_num_tokens, limits.max_num_tokens),
    }
