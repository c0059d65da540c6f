"""What the vLLM engine is asked for: options, and the engine arguments they become. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, PositiveInt

from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError, SettingError
from tensorrt_tts.families.orpheus.tokens import SLOTS
from tensorrt_tts.files import read_json

_ITEM_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_DEVICES = ("cpu", "cuda")

CPU_BLOCK = 128
"""Tokens per KV block of vLLM's CPU backend."""


@dataclass(frozen=True, slots=True)
class VLLMOptions:
    """How to run the engine."""

    # "cpu" or "cuda"; it has to be the one that the installed vLLM was built for.
    device: str = "cpu"
    # None for float32 on a CPU (there it is as fast, and greedy tokens equal the reference
    # backend's) and bfloat16 on CUDA.
    dtype: str | None = None
    # Streams that generate at once; more are refused.
    max_streams: int = 16
    # Prompt and output ids per stream, lowered to what the checkpoint was trained for.
    max_sequence: int = 4096
    # Ids in a chunk, a frame by default. A chunk per token wakes a task per token and stream, which
    # at hundreds of streams is the host's largest cost.
    stream_interval: int = SLOTS
    # A stream that starts while fewer than this many others run gets a chunk per token all the
    # same: the host has the time then, and exact audio starts after 18 tokens, which whole frames
    # would deliver as 22 (vLLM sends the first token at once, so frames arrive as 1, 8, 15, 22 …).
    singly_below: int = 4
    # Share of the GPU's memory for weights and KV cache; the rest is the codec's.
    memory_fraction: float = 0.8
    # Size of the KV cache. None: on a CPU what max_streams × max_sequence need, on CUDA what
    # memory_fraction leaves.
    kv_cache_gib: float | None = None
    # Keeps the KV of prompts already seen. It saves the prefill where a text, or a cloned voice's
    # long prompt, comes again, and costs next to nothing elsewhere.
    prefix_caching: bool = True
    # Random weights from the shape in config.json, to measure speed without them.
    dummy_weights: bool = False
    # Further keyword arguments of AsyncEngineArgs, which win over ours.
    engine_arguments: Mapping[str, Any] = field(default_factory=dict)
    # Seconds that close() gives the engine's processes to end by themselves before it kills them.
    shutdown_s: float = 4.0

    def __post_init__(self) -> None:
        if self.device not in _DEVICES:
            raise SettingError(
                f"device {self.device!r} is not one of: {', '.join(_DEVICES)}; vLLM takes the "
                "first GPU it sees, so choose one with CUDA_VISIBLE_DEVICES"
            )
        if self.dtype is not None and self.dtype not in _ITEM_BYTES:
            raise SettingError(f"dtype {self.dtype!r} is not one of: {', '.join(_ITEM_BYTES)}")
        for name in ("max_streams", "max_sequence", "stream_interval"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 < self.memory_fraction <= 1:
            raise SettingError(
                f"memory_fraction must be above 0 and at most 1, not {self.memory_fraction}"
            )

    @property
    def resolved_dtype(self) -> str:
        return self.dtype or ("float32" if self.device == "cpu" else "bfloat16")


class _Config(BaseModel):
    """The numbers of a config.json that are read here; the rest is vLLM's to judge."""

    model_config = ConfigDict(extra="allow")

    hidden_size: PositiveInt | None = None
    num_hidden_layers: PositiveInt | None = None
    num_attention_heads: PositiveInt | None = None
    num_key_value_heads: PositiveInt | None = None
    head_dim: PositiveInt | None = None
    max_position_embeddings: PositiveInt | None = None


def read_config(folder: Path) -> dict[str, Any]:
    """The checkpoint's config.json, without the fields that are null.

    Raises CheckpointNotFoundError when there is none, CorruptCheckpointError when it is not JSON or
    a number is none.
    """
    path = folder / "config.json"
    try:
        return read_json(path, _Config).model_dump(exclude_none=True)
    except FileNotFoundError:
        raise CheckpointNotFoundError(
            f"'{path}' does not exist; give the folder of a Hugging Face checkpoint"
        ) from None


def sequence_limit(config: dict[str, Any], options: VLLMOptions) -> int:
    """The longest sequence: what is asked for, at most what the checkpoint has positions for."""
    positions: int = config.get("max_position_embeddings", 1 << 30)
    return min(options.max_sequence, positions)


def kv_cache_bytes(config: dict[str, Any], options: VLLMOptions) -> int:
    """Bytes of KV cache with which max_streams sequences of full length fit at once."""
    try:
        heads: int = config["num_attention_heads"]
        head_dim: int = config.get("head_dim") or config["hidden_size"] // heads
        kv_heads: int = config.get("num_key_value_heads", heads)
        layers: int = config["num_hidden_layers"]
    except KeyError as error:
        raise CorruptCheckpointError(
            f"config.json lacks {error}: this is no decoder-only language model"
        ) from None
    per_token = 2 * layers * kv_heads * head_dim * _ITEM_BYTES[options.resolved_dtype]
    blocks = -(-sequence_limit(config, options) // CPU_BLOCK) * options.max_streams + 1
    return per_token * blocks * CPU_BLOCK  # one more block: vLLM keeps the first for padding


def engine_arguments(
    folder: Path, config: dict[str, Any], options: VLLMOptions, seed: int
) -> dict[str, Any]:
    """Keyword arguments of vLLM's AsyncEngineArgs.

    seed: of the generator that serves requests without a seed of their own.
    """
    arguments: dict[str, Any] = {
        "model": str(folder),
        "skip_tokenizer_init": True,
        "dtype": options.resolved_dtype,
        "seed": seed,
        "max_model_len": sequence_limit(config, options),
        "max_num_seqs": options.max_streams,
        "enable_prefix_caching": options.prefix_caching,
        "generation_config": "vllm",  # sampling comes with each request, never from the folder
        "enable_log_requests": False,
        "disable_log_stats": True,
    }
    if options.dummy_weights:
        arguments["load_format"] = "dummy"
    if options.kv_cache_gib is not None:
        arguments["kv_cache_memory_bytes"] = int(options.kv_cache_gib * 2**30)
    elif options.device == "cpu":
        arguments["kv_cache_memory_bytes"] = kv_cache_bytes(config, options)
    if options.device == "cpu":
        arguments["enforce_eager"] = True  # compiling takes a minute and gains little on a CPU
        # Prompt ids read per step: more of them at once would make every stream wait that long.
        arguments["max_num_batched_tokens"] = max(512, options.max_streams)
    else:
        arguments["gpu_memory_utilization"] = options.memory_fraction
    return {**arguments, **options.engine_arguments}
