"""One language model as other number formats hold it, and as broken builds of it would be.

The alterations are made on the real `transformers` model, so that what is compared is what a model
says and not an array that a test made up. `ROUNDED` are honest: an engine of that format. `BROKEN`
speak another language than the checkpoint.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

Alter = Callable[[Any], Any]
"""A model, which is left as it is, to an altered one."""


def _layers(model: Any) -> list[nn.Linear]:
    """The linear layers that engines quantise: all but the output head."""
    return [m for m in model.model.modules() if isinstance(m, nn.Linear)]


def _integers(weight: torch.Tensor, bits: int, group: int) -> torch.Tensor:
    """Rounded to `bits`, one scale per row and `group` columns; 0 for the whole row."""
    rows, columns = weight.shape
    parts = weight.view(rows, -1, group or columns)
    scale = parts.abs().amax(-1, keepdim=True).clamp(min=1e-9) / (2 ** (bits - 1) - 1)
    return ((parts / scale).round() * scale).view(rows, columns)


def _eight_bits(x: torch.Tensor) -> torch.Tensor:
    """INT8, a scale per token."""
    scale = x.abs().amax(-1, keepdim=True).clamp(min=1e-9) / 127
    return (x / scale).round() * scale


def _float8(x: torch.Tensor) -> torch.Tensor:
    """FP8 E4M3, one scale."""
    scale = x.abs().amax().clamp(min=1e-9) / 448
    return (x / scale).to(torch.float8_e4m3fn).to(x.dtype) * scale


def _with_inputs(layers: list[nn.Linear], change: Callable[[torch.Tensor], torch.Tensor]) -> None:
    for layer in layers:
        layer.register_forward_pre_hook(lambda _, inputs: (change(inputs[0]),))


def bf16(model: Any) -> Any:
    return copy.deepcopy(model).bfloat16()


def fp16(model: Any) -> Any:
    return copy.deepcopy(model).half()


def int8(model: Any) -> Any:
    """Weight-only, 16-bit arithmetic."""
    model = copy.deepcopy(model)
    for layer in _layers(model):
        layer.weight.data = _integers(layer.weight.data, 8, 0)
    return model.bfloat16()


def int8_kv(model: Any) -> Any:
    """The same with keys and values rounded to INT8."""
    model = int8(model)
    for layer in model.model.layers:
        for part in (layer.self_attn.k_proj, layer.self_attn.v_proj):
            part.register_forward_hook(lambda _, __, y: _eight_bits(y))
    return model


def int8_sq(model: Any) -> Any:
    """Weights and activations in INT8."""
    model = int8(model)
    _with_inputs(_layers(model), _eight_bits)
    return model


def fp8(model: Any) -> Any:
    model = copy.deepcopy(model)
    for layer in _layers(model):
        layer.weight.data = _float8(layer.weight.data)
    _with_inputs(_layers(model), _float8)
    return model.bfloat16()


def int4(model: Any) -> Any:
    """Groups of 64, without AWQ's search: the worst that INT4-AWQ should be."""
    model = copy.deepcopy(model)
    for layer in _layers(model):
        layer.weight.data = _integers(layer.weight.data, 4, 64)
    return model.bfloat16()


ROUNDED: dict[str, Alter] = {
    "bf16": bf16,
    "fp16": fp16,
    "int8": int8,
    "int8+kv-int8": int8_kv,
    "int8-sq": int8_sq,
    "fp8": fp8,
    "int4-awq": int4,
}


def _reconfigured(model: Any, **rope: Any) -> Any:
    """The same weights under other RoPE parameters."""
    config = copy.deepcopy(model.config)
    config.rope_parameters = {**(config.rope_parameters or {}), **rope}
    made = type(model)(config)
    made.load_state_dict(model.state_dict())
    return made.eval().to(model.dtype)


def rope_base(model: Any) -> Any:
    """10000 where the checkpoint says 500000, or the other way round."""
    here = model.config.rope_parameters["rope_theta"]
    return _reconfigured(model, rope_theta=500000.0 if here == 10000.0 else 10000.0)


LLAMA3 = {
    "rope_type": "llama3",
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
"""Of Llama 3.2 3B, on which Orpheus rests."""


def rope_scaling(model: Any) -> Any:
    """Llama 3's scaling on one side only."""
    scaled = model.config.rope_parameters.get("rope_type") == "llama3"
    return _reconfigured(model, **({"rope_type": "default"} if scaled else LLAMA3))


def head_of_the_embedding(model: Any) -> Any:
    """Tied although the checkpoint has a head of its own."""
    model = copy.deepcopy(model)
    model.lm_head.weight.data = model.model.embed_tokens.weight.data.clone()
    return model


def layer_order(model: Any) -> Any:
    """Two neighbours changed places, as a sort by name (1, 10, 11, 2 …) would do."""
    model = copy.deepcopy(model)
    layers = model.model.layers
    first, second = layers[0].state_dict(), layers[1].state_dict()
    first, second = copy.deepcopy(first), copy.deepcopy(second)
    layers[0].load_state_dict(second)
    layers[1].load_state_dict(first)
    return model


def head_off_by_one(model: Any) -> Any:
    """A vocabulary padded at the front: every row of the head one further on."""
    model = copy.deepcopy(model)
    model.lm_head.weight.data = model.lm_head.weight.data.roll(1, 0)
    return model


def embedding_off_by_one(model: Any) -> Any:
    model = copy.deepcopy(model)
    model.model.embed_tokens.weight.data = model.model.embed_tokens.weight.data.roll(1, 0).clone()
    return model


def other_fine_tune(model: Any) -> Any:
    """A few steps of training on other speech, random as it is."""
    model = copy.deepcopy(model).float().train().requires_grad_(True)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    source = torch.Generator().manual_seed(1)
    for _ in range(20):
        ids = torch.randint(0, model.config.vocab_size, (2, 96), generator=source)
        loss = model(input_ids=ids, labels=ids).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval().requires_grad_(False)


def overflow(model: Any) -> Any:
    """Activations beyond FP16's largest number: not a number in every logit, so one constant id."""
    model = copy.deepcopy(model).half()
    model.model.layers[0].mlp.down_proj.weight.data *= 60000
    return model


BROKEN: dict[str, Alter] = {
    "rope base": rope_base,
    "rope scaling": rope_scaling,
    "head of the embedding": head_of_the_embedding,
    "layer order": layer_order,
    "head off by one": head_off_by_one,
    "embedding off by one": embedding_off_by_one,
    "another fine-tune": other_fine_tune,
    "overflow": overflow,
}
