"""A Llama or Qwen2 of `transformers` as an ONNX graph in ONNX Runtime's own operators.

Inputs: `x` (batch, count, hidden) float32, embedded ids; `last` (batch,) int32, where each
sequence's last id stands; `total` () int32, the longest sequence's length; `past_0` … (batch,
key-value heads, positions, head_dim), keys and values of each layer in turn. Outputs: `logits`
(batch, 1, vocabulary) after the last id, and `now_0` …, the memory of `past_0` … with the new
entries in it; `query_0` … (batch, 1, head_dim), of each alignment head, not yet rotated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper

from tensorrt_tts.backends.decoders.alignment import Head

_OPSET, _IR = 18, 8
_MICROSOFT = "com.microsoft"
_ALL = 2**62


class _Graph:
    """Nodes in order, each named after its first output."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, tensor: torch.Tensor) -> str:
        name = f"c{len(self.constants)}"
        array = np.ascontiguousarray(tensor.detach().float().numpy())
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def node(
        self, kind: str, inputs: Sequence[str], outputs: int | Sequence[str] = 1, **options: Any
    ) -> list[str]:
        """outputs: how many, or their names; "" for one that is not wanted."""
        if isinstance(outputs, int):
            outputs = [f"n{len(self.nodes)}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, outputs, **options))
        return list(outputs)

    def integers(self, *values: int) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def linear(self, x: str, *layers: Any, name: str = "") -> str:
        """Layers of one input, their outputs side by side. name: of the whole, if it needs one."""
        wanted = [name] if name else 1
        weight = self.constant(torch.cat([layer.weight for layer in layers]).t())
        if layers[0].bias is None:
            return self.node("MatMul", [x, weight], wanted)[0]
        (product,) = self.node("MatMul", [x, weight])
        bias = self.constant(torch.cat([layer.bias for layer in layers]))
        return self.node("Add", [product, bias], wanted)[0]

    def add_norm(self, x: str, residual: str, norm: Any, normed: str) -> str:
        """x + residual; its norm is called `normed`."""
        total = f"sum{len(self.nodes)}"
        self.node(
            "SkipSimplifiedLayerNormalization",
            [x, residual, self.constant(norm.weight)],
            [normed, "", "", total],
            domain=_MICROSOFT,
            epsilon=norm.variance_epsilon,
        )
        return total


def build(
    model: Any, cos: torch.Tensor, sin: torch.Tensor, aligned: Sequence[Head] = ()
) -> ModelProto:
    """cos, sin: of the rotary embedding, (positions, head_dim / 2). aligned: whose queries are
    given out."""
    graph, layers = _Graph(), model.model.layers
    config, hidden = model.config, model.config.hidden_size
    heads, kv_heads = config.num_attention_heads, config.num_key_value_heads
    angles = [graph.constant(cos), graph.constant(sin)]
    first = layers[0].input_layernorm
    residual = "x"
    start, end, axis = (graph.integers(number) for number in (-1, _ALL, 1))
    size = 2 * cos.shape[1]
    (normed,) = graph.node(
        "SimplifiedLayerNormalization",
        ["x", graph.constant(first.weight)],
        epsilon=first.variance_epsilon,
        axis=-1,
    )
    for index, layer in enumerate(layers):
        attention, mlp = layer.self_attn, layer.mlp
        pair = (2 * index, 2 * index + 1)
        qkv = graph.linear(normed, attention.q_proj, attention.k_proj, attention.v_proj)
        found = graph.node(
            "GroupQueryAttention",
            [qkv, "", "", *(f"past_{at}" for at in pair), "last", "total", *angles],
            [f"attention{index}", *(f"now_{at}" for at in pair)],
            domain=_MICROSOFT,
            num_heads=heads,
            kv_num_heads=kv_heads,
            scale=attention.scaling,
            do_rotary=1,
        )
        for place, (layer_index, head) in enumerate(aligned):
            if layer_index == index:
                (last,) = graph.node("Slice", [qkv, start, end, axis])
                span = (graph.integers(head * size), graph.integers((head + 1) * size))
                graph.node("Slice", [last, *span, graph.integers(2)], [f"query_{place}"])
        out = graph.linear(found[0], attention.o_proj)
        residual = graph.add_norm(out, residual, layer.post_attention_layernorm, f"between{index}")
        both = graph.linear(f"between{index}", mlp.gate_proj, mlp.up_proj)
        gate, up = graph.node("Split", [both], 2, axis=-1, num_outputs=2)
        # x · sigmoid(1 · x), which is SiLU
        (gate,) = graph.node("QuickGelu", [gate], domain=_MICROSOFT, alpha=1.0)
        (product,) = graph.node("Mul", [gate, up])
        out = graph.linear(product, mlp.down_proj)
        is_last = index + 1 == len(layers)
        normed = f"norm{index + 1}"
        norm = model.model.norm if is_last else layers[index + 1].input_layernorm
        residual = graph.add_norm(out, residual, norm, normed)

    (final,) = graph.node("Slice", [normed, start, end, axis])
    graph.linear(final, model.lm_head, name="logits")

    def value(name: str, kind: int, *shape: str | int) -> Any:
        return helper.make_tensor_value_info(name, kind, shape)

    memory = ("batch", kv_heads, len(cos), size)
    caches = range(2 * len(layers))
    floats, ints = TensorProto.FLOAT, TensorProto.INT32
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "language model",
            [
                value("x", floats, "batch", "count", hidden),
                value("last", ints, "batch"),
                value("total", ints),
                *(value(f"past_{at}", floats, *memory) for at in caches),
            ],
            [
                value("logits", floats, "batch", 1, config.vocab_size),
                *(value(f"now_{at}", floats, *memory) for at in caches),
                *(value(f"query_{at}", floats, "batch", 1, size) for at in range(len(aligned))),
            ],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)],
        ir_version=_IR,
    )
