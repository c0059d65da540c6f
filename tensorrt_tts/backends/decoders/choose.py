"""Which decoder runs a model."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch

from tensorrt_tts.backends.decoders.base import Decoder
from tensorrt_tts.backends.decoders.batched import BatchedDecoder
from tensorrt_tts.backends.decoders.sequential import SequentialDecoder

_CPU_CACHE = 64 << 20
"""Bytes of weights above which a step on a CPU has one row: they come from memory then, and a
product of four rows takes two to five times as long as that of one, for a single listener too."""

_BATCHED = ("llama", "qwen2")

_POSITIONS = ("default", "linear", "llama3", "yarn")
"""Kinds of rotary embedding whose angles depend on the position and nothing else."""


def decoder(model: Any, max_sequence: int, max_streams: int) -> Decoder:
    """max_sequence: ids that one sequence may have. max_streams: sequences open at once."""
    batched = (
        model.config.model_type in _BATCHED
        and model.model.rotary_emb.rope_type in _POSITIONS
        and not getattr(model.config, "use_sliding_window", False)
        and type(model.lm_head) is torch.nn.Linear
    )
    if not batched:
        return SequentialDecoder(model)
    weights = sum(p.numel() * p.element_size() for p in model.model.layers.parameters())
    on_cpu = model.device.type == "cpu"
    if on_cpu and weights > _CPU_CACHE:
        return BatchedDecoder(model, max_sequence, one_by_one=True)
    if on_cpu and _for_onnx(model):
        from tensorrt_tts.backends.decoders.onnx import OnnxDecoder

        aligned = [tuple(pair) for pair in getattr(model.config, "alignment_heads", ())]
        found = OnnxDecoder(model, max_sequence, max_streams, aligned)
        if found.agrees():
            return found
    return BatchedDecoder(model, max_sequence)


def _for_onnx(model: Any) -> bool:
    """Whether ONNX Runtime is there (environments for one engine may be without it) and its
    operators can express the model: on a CPU they rotate heads of 16, 32, … only. The whole head
    is multiplied there."""
    return (
        all(find_spec(package) is not None for package in ("onnx", "onnxruntime"))
        and model.dtype is torch.float32
        and model.config.hidden_act == "silu"
        and model.model.layers[0].self_attn.head_dim % 16 == 0
        and 4 * model.lm_head.weight.numel() <= _CPU_CACHE
    )
