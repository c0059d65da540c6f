"""What planning needs of a checkpoint: its shape, from config.json or from the shipped recipes.

The official checkpoints are gated, so a plan must not need a download; when a checkpoint is on
disk, its own config.json wins.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError

KNOWN = {"LlamaForCausalLM": "LLaMAForCausalLM", "Qwen2ForCausalLM": "QWenForCausalLM"}
"""Hugging Face architecture to TensorRT-LLM's model class: the two backbones of this toolkit."""


class Architecture(BaseModel):
    """Fields of a Hugging Face config.json, by its names; the rest of the file is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    architectures: tuple[str, ...]
    hidden_size: PositiveInt
    intermediate_size: PositiveInt
    num_hidden_layers: PositiveInt
    num_attention_heads: PositiveInt
    num_key_value_heads: PositiveInt
    head_dim: PositiveInt | None = None
    vocab_size: PositiveInt
    max_position_embeddings: PositiveInt
    tie_word_embeddings: bool = False
    attention_bias: bool = Field(default=False)

    @property
    def name(self) -> str:
        return self.architectures[0] if self.architectures else ""

    @property
    def head_size(self) -> int:
        return self.head_dim or self.hidden_size // self.num_attention_heads

    @property
    def layer_weights(self) -> int:
        """Elements in the matrices of all layers: what a quantiser shrinks."""
        queries = self.num_attention_heads * self.head_size
        keys = self.num_key_value_heads * self.head_size
        attention = self.hidden_size * (2 * queries + 2 * keys)
        mlp = 3 * self.hidden_size * self.intermediate_size
        return self.num_hidden_layers * (attention + mlp)

    @property
    def small_weights(self) -> int:
        """Elements that stay 16-bit in every format: norms, and Qwen2's q, k and v biases."""
        norms = (2 * self.num_hidden_layers + 1) * self.hidden_size
        if self.name != "Qwen2ForCausalLM" and not self.attention_bias:
            return norms
        heads = self.num_attention_heads + 2 * self.num_key_value_heads
        return norms + self.num_hidden_layers * heads * self.head_size

    @property
    def head_weights(self) -> int:
        """Elements of the output head, and of the embedding (one shared table when tied)."""
        return self.vocab_size * self.hidden_size

    def kv_elements_per_token(self) -> int:
        """Key and value elements that one token adds to the cache, all layers."""
        return 2 * self.num_hidden_layers * self.num_key_value_heads * self.head_size


def read_architecture(checkpoint: Path) -> Architecture:
    """From `checkpoint`/config.json.

    Raises CheckpointNotFoundError or CorruptCheckpointError naming the file and the field.
    """
    path = checkpoint / "config.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointNotFoundError(
            f"checkpoint {str(checkpoint)!r} has no config.json; give the folder of a downloaded "
            "Hugging Face checkpoint"
        ) from None
    except (OSError, ValueError) as error:
        raise CorruptCheckpointError(
            f"{path} cannot be read: {error}; download the checkpoint again"
        ) from None
    try:
        found = Architecture.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise CorruptCheckpointError(
            f"{path}: {field}: {first['msg'].lower()}; download the checkpoint again"
        ) from None
    if found.name not in KNOWN:
        raise CorruptCheckpointError(
            f"{path}: architecture {found.name!r} is not supported; engines are built from "
            f"{' and '.join(KNOWN)}"
        )
    return found
