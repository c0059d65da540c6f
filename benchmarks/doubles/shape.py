"""A language model that has a shape and no training: what speed depends on, without a checkpoint.

"orpheus-3b" is the released model's shape, from its recipe. "tiny" has the same ids and runs on a
laptop: it is for testing the benchmarks, not for numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engines.recipe import model_recipes
from tensorrt_tts.engine_folder.architecture import Architecture
from tensorrt_tts.errors import SettingError
from tensorrt_tts.families.orpheus.tokens import SLOTS

if TYPE_CHECKING:
    from vllm_inference.backend import VLLMBackend

TINY = Architecture(
    architectures=("LlamaForCausalLM",),
    hidden_size=128,
    intermediate_size=256,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    head_dim=64,
    vocab_size=156940,
    max_position_embeddings=4096,
    tie_word_embeddings=True,
    rms_norm_eps=1e-5,
    rope_theta=500000.0,
)

MAX_SEQUENCE = 2048
"""Ids of a stream: 20 s of speech and its prompt."""

SHAPES = ("orpheus-3b", "tiny")


def architecture(shape: str) -> Architecture:
    """Raises SettingError for an unknown name."""
    if shape == "tiny":
        return TINY
    if shape not in SHAPES:
        raise SettingError(f"shape {shape!r} is unknown; use one of: {', '.join(SHAPES)}")
    return model_recipes(shape).architecture


def write_shape(folder: Path, shape: str) -> Path:
    """`folder` with the config.json that an engine needs for random weights of that shape."""
    fields = architecture(shape).model_dump()
    config = {
        **fields,
        "architectures": list(fields["architectures"]),
        "model_type": "llama",
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "rope_theta": 500000.0,
        "torch_dtype": "bfloat16",
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return folder


def open_shape(
    folder: Path,
    device: str,
    max_streams: int,
    hand_on: int = SLOTS,
    engine_arguments: Mapping[str, Any] | None = None,
) -> VLLMBackend:
    """vLLM on that folder's shape with random weights, bfloat16, prompts never seen before.

    device: "cpu" or "cuda". hand_on: tokens per hand-on, and engine_arguments: see `VLLMOptions`.

    Raises what `VLLMOptions` and `VLLMBackend.from_folder` raise.
    """
    from vllm_inference.backend import VLLMBackend
    from vllm_inference.options import VLLMOptions

    options = VLLMOptions(
        device=device,
        dtype="bfloat16",
        max_streams=max_streams,
        max_sequence=MAX_SEQUENCE,
        stream_interval=hand_on,
        prefix_caching=False,
        dummy_weights=True,
        engine_arguments=engine_arguments or {},
    )
    return VLLMBackend.from_folder(folder, options)
