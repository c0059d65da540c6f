"""Is this folder an engine that can run here? For our own builds and for `trtllm-build`'s.

Everything is decided from files: no GPU and no tensorrt_llm is needed. What a folder without our
manifest cannot tell (the GPU it was built on, whether its bytes are those written) is returned as
unchecked, not passed over in silence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from engines.architecture import KNOWN, Architecture, rope_scaling
from engines.compat import engine_api
from engines.formats import Precision
from engines.host import Device
from engines.manifest import Manifest, read_manifest
from engines.plan import Plan
from engines.quant_rules import AWQ_VOCAB_MULTIPLE
from tensorrt_tts.errors import CorruptEngineError, EngineError, EngineMismatchError
from tensorrt_tts.files import read_json

KIND = "tensorrt-llm"

NOT_AN_ENGINE = "build again, or give an engine's folder"

_PRECISIONS = {
    None: Precision.FP16,
    "W8A16": Precision.INT8,
    "W4A16": Precision.INT4_AWQ,
    "W4A16_AWQ": Precision.INT4_AWQ,
    "FP8": Precision.FP8,
}


class _Config(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Quantization(_Config):
    quant_algo: str | None = None
    kv_cache_quant_algo: str | None = None

    @property
    def padded(self) -> bool:
        """Whether the exporter may have padded embedding and head."""
        return "AWQ" in (self.quant_algo or "")

    @property
    def precision(self) -> Precision:
        """The nearest of our precisions, for the size of the weights."""
        algo = self.quant_algo
        return (
            Precision.INT8_SQ
            if (algo or "").startswith("W8A8")
            else _PRECISIONS.get(algo, Precision.INT4_AWQ)
        )


class Mapping(_Config):
    world_size: int = Field(default=1, gt=0)


class PretrainedConfig(_Config):
    """Of TensorRT-LLM, for one decoder-only model."""

    architecture: str
    dtype: str
    vocab_size: int = Field(gt=0)
    hidden_size: int = Field(gt=0)
    intermediate_size: int = Field(gt=0)
    num_hidden_layers: int = Field(gt=0)
    num_attention_heads: int = Field(gt=0)
    num_key_value_heads: int = Field(gt=0)
    head_size: int | None = None
    max_position_embeddings: int = Field(default=2048, gt=0)
    norm_epsilon: float = 1e-5
    rotary_base: float = 10000.0
    rotary_scaling: dict[str, Any] | None = None
    mapping: Mapping = Mapping()
    quantization: Quantization = Quantization()

    def shape(self) -> Architecture:
        return Architecture(
            architectures=(self.architecture,),
            hidden_size=self.hidden_size,
            intermediate_size=self.intermediate_size,
            num_hidden_layers=self.num_hidden_layers,
            num_attention_heads=self.num_attention_heads,
            num_key_value_heads=self.num_key_value_heads,
            head_dim=self.head_size,
            vocab_size=self.vocab_size,
            max_position_embeddings=self.max_position_embeddings,
        )


class PluginConfig(_Config):
    use_paged_context_fmha: bool = False


class BuildConfig(_Config):
    max_batch_size: int = Field(gt=0)
    max_seq_len: int = Field(gt=0)
    max_num_tokens: int = Field(gt=0)
    max_input_len: int | None = None
    use_strip_plan: bool = False
    plugin_config: PluginConfig = PluginConfig()


class EngineConfig(_Config):
    """config.json of an engine folder: exactly these three keys."""

    version: str
    pretrained_config: PretrainedConfig
    build_config: BuildConfig


_Document = TypeVar("_Document", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """A folder that passed. config: None for engines of another kind than the language model.
    unchecked: what could not be decided, in words."""

    folder: Path
    config: EngineConfig | None
    manifest: Manifest | None
    unchecked: tuple[str, ...]

    @property
    def vocab_size(self) -> int | None:
        """Ids that the checkpoint has. The head of an AWQ engine has more rows
        (`config.pretrained_config.vocab_size`): padding, whose logits are 0 and which must never be
        sampled. None where only the padded number is known: an AWQ engine without our manifest."""
        planned = self.manifest.plan.get("architecture") if self.manifest is not None else None
        if planned is not None:
            return int(planned["vocab_size"])
        if self.config is None:
            return None
        pretrained = self.config.pretrained_config
        return None if pretrained.quantization.padded else pretrained.vocab_size


def check_engine(
    folder: Path,
    device: Device | None = None,
    versions: dict[str, str] | None = None,
    expected: Plan | None = None,
    contents: bool = False,
    checkpoint: Architecture | None = None,
) -> EngineInfo:
    """device, versions: of the machine it shall run on; None leaves them unchecked. expected: the
    plan it must have been built by. contents: read every byte and compare digests. checkpoint: of
    the model that it must compute.

    Raises CorruptEngineError (incomplete or damaged: build again), EngineMismatchError (whole, but
    for another GPU, version or request), or EngineError for a release that is not supported.
    """
    if not folder.is_dir():
        raise EngineError(f"no engine folder {str(folder)!r}; build one with `make build-engine`")
    if folder.name.startswith("."):
        raise CorruptEngineError(f"{str(folder)!r} is an unfinished build; build again")
    info = _check(folder, device, versions, expected, contents)
    if checkpoint is not None and info.config is not None:
        found = info.config.pretrained_config
        size = checkpoint.vocab_size
        rows = size + (-size % AWQ_VOCAB_MULTIPLE if found.quantization.padded else 0)
        _compare(folder, _model(found, checkpoint, rows), "the checkpoint")
    return info


def check_unpublished(folder: Path, expected: Plan) -> EngineInfo:
    """The same for a folder still being built, which has no manifest yet."""
    return _check(folder, None, None, expected, contents=False)


def check_quantized(folder: Path, expected: Plan) -> None:
    """The same questions to the checkpoint that a calibrator wrote, before an engine is compiled of
    it: config.json as planned, and a scale of the KV cache in every layer where it is quantised.

    Raises CorruptEngineError or EngineMismatchError.
    """
    pretrained = _read(folder, PretrainedConfig)
    _compare(folder, _planned(pretrained, expected), "the plan")
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


def _check(
    folder: Path,
    device: Device | None,
    versions: dict[str, str] | None,
    expected: Plan | None,
    contents: bool,
) -> EngineInfo:
    manifest = read_manifest(folder)
    unchecked = []
    if manifest is None:
        unchecked.append("no manifest: the GPU it was built on and its bytes cannot be verified")
    else:
        if manifest.inputs.key != manifest.key:
            raise CorruptEngineError(
                f"{str(folder)!r}: manifest.json was changed after the build; build again"
            )
        if damage := manifest.damaged(folder, contents):
            raise CorruptEngineError(f"{str(folder)!r}: {damage[0]}; delete it and build again")
        if reasons := manifest.mismatches(device, versions):
            raise EngineMismatchError(
                f"{str(folder)!r} does not fit this machine: {'; '.join(reasons)}; build again here"
            )
        if device is None:
            unchecked.append("no GPU here to compare with the one it was built on")
    if manifest is not None and manifest.inputs.kind != KIND:
        return EngineInfo(folder, None, manifest, tuple(unchecked))
    config = _read(folder, EngineConfig)
    _check_ranks(folder, config)
    _check_consistency(folder, config)
    installed = (versions or {}).get("tensorrt_llm")
    if installed is None:
        unchecked.append("tensorrt_llm is not installed here to compare versions")
    elif installed != config.version:
        raise EngineMismatchError(
            f"{str(folder)!r} was built with tensorrt_llm {config.version}, installed is "
            f"{installed}; build again or install that version"
        )
    engine_api(config.version)
    if expected is not None:
        _compare(folder, _planned(config.pretrained_config, expected), "the plan")
        _compare(folder, _limits(config.build_config, expected), "the plan")
    info = EngineInfo(folder, config, manifest, tuple(unchecked))
    if info.vocab_size is None:
        unchecked.append("no manifest: which rows of an AWQ engine's head are padding is not known")
    return replace(info, unchecked=tuple(unchecked))


def _read(folder: Path, document: type[_Document]) -> _Document:
    path = folder / "config.json"
    try:
        return read_json(path, document, CorruptEngineError, NOT_AN_ENGINE)
    except FileNotFoundError:
        raise CorruptEngineError(
            f"{str(folder)!r} has no config.json: not an engine folder, or a build that was "
            "interrupted; build again"
        ) from None


def _check_ranks(folder: Path, config: EngineConfig) -> None:
    pretrained = config.pretrained_config
    if pretrained.architecture not in KNOWN:
        raise EngineMismatchError(
            f"{str(folder)!r} holds a {pretrained.architecture}; this toolkit runs "
            f"{' and '.join(KNOWN)}"
        )
    if config.build_config.use_strip_plan:
        raise CorruptEngineError(
            f"{str(folder)!r} was built with a stripped plan and holds no weights; build it without"
        )
    shape, world = pretrained.shape(), pretrained.mapping.world_size
    layers = shape.layer_weights * pretrained.quantization.precision.layer_bits / 8
    # An engine holds every weight once; a tenth less allows for formats stored more tightly.
    least = 0.9 * (layers + 2 * shape.head_weights) / world
    for rank in range(world):
        engine = folder / f"rank{rank}.engine"
        if not engine.is_file():
            raise CorruptEngineError(f"{str(folder)!r} has no rank{rank}.engine; build again")
        size = engine.stat().st_size
        managed = folder / f"rank{rank}_managed_weights.safetensors"
        if managed.is_file():
            size += managed.stat().st_size
        if size < least:
            raise CorruptEngineError(
                f"{engine} has {size / 1e6:.1f} MB, but the weights config.json describes need at "
                f"least {least / 1e6:.1f} MB: it is truncated; build again"
            )


def _check_consistency(folder: Path, config: EngineConfig) -> None:
    build, quantization = config.build_config, config.pretrained_config.quantization
    if quantization.kv_cache_quant_algo == "INT8" and build.plugin_config.use_paged_context_fmha:
        raise CorruptEngineError(
            f"{str(folder)!r}: config.json claims an INT8 KV cache with use_paged_context_fmha, "
            "which TensorRT-LLM cannot run; build again with it disabled"
        )
    if build.max_seq_len > config.pretrained_config.max_position_embeddings:
        raise CorruptEngineError(
            f"{str(folder)!r}: max_seq_len {build.max_seq_len} exceeds the model's "
            f"max_position_embeddings {config.pretrained_config.max_position_embeddings}"
        )


_Pairs = dict[str, tuple[object, object]]
"""Field to what was found and what is wanted."""


def _planned(found: PretrainedConfig, expected: Plan) -> _Pairs:
    rule, quantization = expected.rule, found.quantization
    return {
        **_model(found, expected.architecture, expected.vocab_rows),
        "dtype": (found.dtype, expected.recipe.dtype),
        "quant_algo": (quantization.quant_algo, rule.quant_algo),
        "kv_cache_quant_algo": (quantization.kv_cache_quant_algo, rule.kv_quant_algo),
    }


def _model(found: PretrainedConfig, shape: Architecture, rows: int) -> _Pairs:
    """rows: of the engine's head, padding included."""
    head_size = found.head_size or found.hidden_size // found.num_attention_heads
    return {
        "architecture": (found.architecture, shape.name),
        "vocab_size": (found.vocab_size, rows),
        "hidden_size": (found.hidden_size, shape.hidden_size),
        "intermediate_size": (found.intermediate_size, shape.intermediate_size),
        "num_hidden_layers": (found.num_hidden_layers, shape.num_hidden_layers),
        "num_attention_heads": (found.num_attention_heads, shape.num_attention_heads),
        "num_key_value_heads": (found.num_key_value_heads, shape.num_key_value_heads),
        "head_size": (head_size, shape.head_size),
        "norm_epsilon": (found.norm_epsilon, shape.rms_norm_eps),
        "rotary_base": (found.rotary_base, shape.rope_theta),
        "rotary_scaling": (_scaling(found.rotary_scaling), shape.rope_scaling),
    }


def _scaling(raw: dict[str, Any] | None) -> object:
    """In the form of a plan's; as it is where it has none."""
    try:
        return rope_scaling(raw)
    except ValueError:
        return raw


def _limits(found: BuildConfig, expected: Plan) -> _Pairs:
    limits = expected.recipe.limits
    return {
        "max_batch_size": (found.max_batch_size, limits.max_batch_size),
        "max_seq_len": (found.max_seq_len, limits.max_seq_len),
        "max_num_tokens": (found.max_num_tokens, limits.max_num_tokens),
    }


def _compare(folder: Path, pairs: _Pairs, who: str) -> None:
    for name, (found, wanted) in pairs.items():
        if found != wanted:
            raise EngineMismatchError(
                f"{str(folder)!r} has {name} {found}, {who} says {wanted}; build again"
            )
