"""Is this folder an engine that can run here? For our own builds and for `trtllm-build`'s.

Everything is decided from files: no GPU and no tensorrt_llm is needed. What a folder without our
manifest cannot tell (the GPU it was built on, whether its bytes are those written) is returned as
unchecked, not passed over in silence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tensorrt_tts.engine_folder.architecture import KNOWN, Architecture, rope_scaling
from tensorrt_tts.engine_folder.config import EngineConfig, PretrainedConfig, read_config
from tensorrt_tts.engine_folder.device import Device
from tensorrt_tts.engine_folder.formats import AWQ_VOCAB_MULTIPLE
from tensorrt_tts.engine_folder.manifest import Manifest, read_manifest
from tensorrt_tts.engine_folder.releases import engine_api
from tensorrt_tts.errors import CorruptEngineError, EngineError, EngineMismatchError

KIND = "tensorrt-llm"


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
    contents: bool = False,
    checkpoint: Architecture | None = None,
) -> EngineInfo:
    """device, versions: of the machine it shall run on; None leaves them unchecked. contents:
    read every byte and compare digests. checkpoint: of the model that it must compute.

    Raises CorruptEngineError (incomplete or damaged: build again), EngineMismatchError (whole, but
    for another GPU, version or request), or EngineError for a release that is not supported.
    """
    if not folder.is_dir():
        raise EngineError(f"no engine folder {str(folder)!r}; build one with `make build-engine`")
    if folder.resolve().name.startswith("."):  # "." and ".." are names of something else
        raise CorruptEngineError(f"{str(folder)!r} is an unfinished build; build again")
    info = check_files(folder, device, versions, contents)
    if checkpoint is not None and info.config is not None:
        found = info.config.pretrained_config
        size = checkpoint.vocab_size
        rows = size + (-size % AWQ_VOCAB_MULTIPLE if found.quantization.padded else 0)
        compare(folder, model_fields(found, checkpoint, rows), "the checkpoint")
    return info


def check_files(
    folder: Path,
    device: Device | None = None,
    versions: dict[str, str] | None = None,
    contents: bool = False,
) -> EngineInfo:
    """The same for a folder that may still be being built."""
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
    config = read_config(folder, EngineConfig)
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
    info = EngineInfo(folder, config, manifest, tuple(unchecked))
    if info.vocab_size is None:
        unchecked.append("no manifest: which rows of an AWQ engine's head are padding is not known")
    return replace(info, unchecked=tuple(unchecked))


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


Pairs = dict[str, tuple[object, object]]
"""Field to what was found and what is wanted."""


def model_fields(found: PretrainedConfig, shape: Architecture, rows: int) -> Pairs:
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


def compare(folder: Path, pairs: Pairs, who: str) -> None:
    """Raises EngineMismatchError for the first pair that differs. who: says what is wanted."""
    for name, (found, wanted) in pairs.items():
        if found != wanted:
            raise EngineMismatchError(
                f"{str(folder)!r} has {name} {found}, {who} says {wanted}; build again"
            )
