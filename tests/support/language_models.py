"""Tiny language models of the kinds that decoders tell apart, and what they are played with."""

from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config

SIZES: dict[str, Any] = {
    "vocab_size": 90,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 700,
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500000.0,
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
LINEAR = {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}
YARN = {
    "rope_type": "yarn",
    "rope_theta": 10000.0,
    "factor": 4.0,
    "original_max_position_embeddings": 64,
}
DYNAMIC = {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 4.0}

ONNX = {
    "llama": LlamaConfig(**SIZES),
    "every head its own keys": LlamaConfig(**SIZES | {"num_key_value_heads": 6}),
    "heads of another width": LlamaConfig(**SIZES | {"head_dim": 32}),
    "tied": LlamaConfig(**SIZES, tie_word_embeddings=True),
    "biases": LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True),
    "llama 3": LlamaConfig(**SIZES, rope_parameters=LLAMA3),
    "linear": LlamaConfig(**SIZES, rope_parameters=LINEAR),
    "yarn": LlamaConfig(**SIZES, rope_parameters=YARN),
    "qwen2": Qwen2Config(**SIZES),
    "qwen2, tied": Qwen2Config(**SIZES, tie_word_embeddings=True),
}
BATCHED = {
    "heads of an odd width": LlamaConfig(**SIZES | {"head_dim": 8}),
    "another activation": LlamaConfig(**SIZES, hidden_act="gelu"),
}
SEQUENTIAL = {
    "another family": MistralConfig(**SIZES),
    "angles by length": LlamaConfig(**SIZES, rope_parameters=DYNAMIC),
    "a sliding window": Qwen2Config(
        **SIZES, use_sliding_window=True, sliding_window=8, max_window_layers=1
    ),
}


def model_of(config: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model: Any = AutoModelForCausalLM.from_config(config).eval()
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):  # zeros, as they are made
                torch.nn.init.normal_(parameter)
    return model


def ids(count: int, seed: int) -> torch.Tensor:
    return torch.randint(90, (count,), generator=torch.Generator().manual_seed(seed))


def play(found: Any, prompt: torch.Tensor, spoken: list[int], chunk: int) -> list[np.ndarray]:
    """The logits after a prompt and after each id."""
    cache = found.open()
    for first in range(0, len(prompt), chunk):
        state = found.read(cache, prompt[first : first + chunk])
    rows = [found.scores(state, ())]
    for token in spoken:
        rows.append(found.scores(found.step([cache], [token])[0], ()))
    assert cache.length == len(prompt) + len(spoken)
    found.close(cache)
    return rows
