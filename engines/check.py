"""Is this folder an engine that can run here? For our own builds and for `trtllm-build`'s.

Everything is decided from files: no GPU and no tensorrt_llm is needed. What a folder without our
manifest cannot tell (the GPU it was built on, whether its bytes are those written) is returned as
unchecked, not passed over in silence.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engines.architecture import KNOWN, Architecture
from engines.compat import engine_api
from engines.formats import Precision
from engines.host import Device
from engines.manifest import Manifest, read_manifest
from engines.plan import Plan
from tensorrt_tts.errors import CorruptEngineError, EngineError, EngineMismatchError

KIND = "tensorrt-llm"

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


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """A folder that passed. config: None for engines of another kind than the language model.
    unchecked: what could not be decided, in words."""

    folder: Path
    config: EngineConfig | None
    manifest: Manifest | None
    unchecked: tuple[str, ...]


def check_engine(
    folder: Path,
    device: Device | None = None,
    versions: dict[str, str] | None = None,
    expected: Plan | None = None,
    contents: bool = False,
) -> EngineInfo:
    """device, versions: of the machine it shall run on; None leaves them unchecked. expected: the
    plan it must have been built by. contents: read every byte and compare digests.

    Raises CorruptEngineError (incomplete or damaged: build again), EngineMismatchError (whole, but
    for another GPU, version or request), or EngineError for a release that is not supported.
    """
    if not folder.is_dir():
        raise EngineError(f"no engine folder {str(folder)!r}; build one with `make build-engine`")
    if folder.name.startswith("."):
        raise CorruptEngineError(f"{str(folder)!r} is an unfinished build; build again")
    return _check(folder, device, versions, expected, contents)


def check_unpublished(folder: Path, expected: Plan) -> EngineInfo:
    """The same for a folder still being built, which has no manifest yet."""
    return _check(folder, None, None, expected, contents=False)


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
    config = _config(folder)
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
        _check_request(folder, config, expected)
    return EngineInfo(folder, config, manifest, tuple(unchecked))


def _config(folder: Path) -> EngineConfig:
    path = folder / "config.json"
    try:
        raw: Any = json.loads(path.read_text(encoding="utf-8"))
        return EngineConfig.model_validate(raw)
    except FileNotFoundError:
        raise CorruptEngineError(
            f"{str(folder)!r} has no config.json: not an engine folder, or a build that was "
            "interrupted; build again"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "file"
        raise CorruptEngineError(
            f"{path}: {field}: {first['msg'].lower()}; this is not an engine's config.json"
        ) from None
    except (OSError, ValueError) as error:
        raise CorruptEngineError(f"{path} cannot be read: {error}; build again") from None


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


def _check_request(folder: Path, config: EngineConfig, expected: Plan) -> None:
    pretrained, build = config.pretrained_config, config.build_config
    shape, limits, rule = expected.architecture, expected.recipe.limits, expected.rule
    pairs: dict[str, tuple[object, object]] = {
        "architecture": (pretrained.architecture, shape.name),
        "vocab_size": (pretrained.vocab_size, shape.vocab_size),
        "hidden_size": (pretrained.hidden_size, shape.hidden_size),
        "num_hidden_layers": (pretrained.num_hidden_layers, shape.num_hidden_layers),
        "dtype": (pretrained.dtype, expected.recipe.dtype),
        "quant_algo": (pretrained.quantization.quant_algo, rule.quant_algo),
        "kv_cache_quant_algo": (pretrained.quantization.kv_cache_quant_algo, rule.kv_quant_algo),
        "max_batch_size": (build.max_batch_size, limits.max_batch_size),
        "max_seq_len": (build.max_seq_len, limits.max_seq_len),
        "max_num_tokens": (build.max_num_tokens, limits.max_num_tokens),
    }
    for name, (found, wanted) in pairs.items():
        if found != wanted:
            raise EngineMismatchError(
                f"{str(folder)!r} has {name} {found}, the plan says {wanted}; build again"
            )
