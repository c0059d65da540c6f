"""Llama and Qwen2 of a few million weights on a CPU, by ONNX Runtime.

A step of such a model is some two hundred small operations. Torch takes longer to call most of them
than to compute them, and holds the interpreter meanwhile; here a step is one call that lets other
threads run. Every sequence's keys and values are a row of the memory; those that step together are
moved next to each other when one has joined or left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
import torch

from tensorrt_tts.backends.base import Ranges
from tensorrt_tts.backends.decoders.alignment import Head, most_looked_at, rotated
from tensorrt_tts.backends.decoders.onnx_graph import build
from tensorrt_tts.backends.sampler import legal_scores


@dataclass(slots=True, eq=False)
class RowCache:
    """Of one sequence. row: of the memory; −1 before its first id."""

    length: int = 0
    row: int = -1


@dataclass(frozen=True, slots=True)
class _State:
    """logits: (ids,). queries: of each alignment head, (heads, head_dim), not yet rotated. at: the
    position they belong to."""

    logits: np.ndarray
    queries: np.ndarray
    at: int


class OnnxDecoder:
    """See `base.Decoder`."""

    threads = 1  # a second one is slower as soon as anything else runs, as the codec does

    def __init__(
        self, model: Any, max_sequence: int, rows: int, aligned: Sequence[Head] = ()
    ) -> None:
        """rows: sequences that may be open at once. aligned: heads that look at what is said."""
        self.rows = rows
        self._table = model.get_input_embeddings().weight.detach().numpy()
        with torch.inference_mode():
            places = torch.arange(max_sequence)[None]
            cos, sin = (
                angle[0].chunk(2, -1)[0]
                for angle in model.model.rotary_emb(model.lm_head.weight, places)
            )
            graph = build(model, cos, sin, aligned)
            self._cos, self._sin = cos.float().numpy(), sin.float().numpy()
        attention = model.model.layers[0].self_attn
        self._scale = float(attention.scaling)
        groups = model.config.num_attention_heads // model.config.num_key_value_heads
        self._aligned = [(layer, head // groups) for layer, head in aligned]  # where their keys are
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        kv_heads, head_dim = model.config.num_key_value_heads, 2 * cos.shape[1]
        # Pages of it are taken when they are first written to.
        self._memory = [
            np.empty((rows, kv_heads, max_sequence, head_dim), np.float32)
            for _ in range(2 * len(model.model.layers))
        ]
        self._owners: list[RowCache | None] = [None] * rows
        self._steps: dict[int, _Run] = {}  # by their number of rows, from the first one on

    def agrees(self) -> bool:
        """Whether a sequence's logits are the same bits with any number of others, on this machine,
        for one length of all. To be asked before anything is open."""
        random = np.random.default_rng(0)
        x = random.standard_normal((self.rows, 1, self._table.shape[1]), np.float32)
        last = np.zeros(self.rows, np.int32)
        whole, _ = self._together(x, last)
        return all(
            np.array_equal(self._together(x[:count], last[:count])[0], whole[:count])
            for count in range(1, self.rows)
        )

    def open(self) -> RowCache:
        return RowCache()

    def close(self, cache: RowCache) -> None:
        if cache.row >= 0:
            self._owners[cache.row] = None

    def read(self, cache: RowCache, prompt: torch.Tensor) -> _State:
        if cache.row < 0:
            cache.row = self._owners.index(None)
            self._owners[cache.row] = cache
        rows = prompt.numpy() if prompt.is_floating_point() else self._table[prompt.numpy()]
        run = _Run(
            self._session, [part[cache.row : cache.row + 1] for part in self._memory], len(rows)
        )
        length = cache.length + len(rows)
        logits, queries = run(rows[None], np.array([length - 1], np.int32))
        cache.length = length
        return _State(logits[0], queries[:, 0], cache.length - 1)

    def step(self, caches: Sequence[RowCache], ids: Sequence[int]) -> Sequence[_State]:
        self._gather(caches)
        order = [cache.row for cache in caches]
        x = np.empty((len(caches), 1, self._table.shape[1]), np.float32)
        last = np.empty(len(caches), np.int32)
        x[order, 0] = self._table[ids]
        last[order] = [cache.length for cache in caches]
        logits, queries = self._together(x, last)
        for cache in caches:
            cache.length += 1
        return [
            _State(logits[row], queries[:, row], cache.length - 1)
            for cache, row in zip(caches, order, strict=True)
        ]

    def scores(self, state: _State, legal: Ranges) -> np.ndarray:
        return legal_scores(state.logits, legal)

    def looked_at(self, cache: RowCache, state: _State, text: range) -> int | None:
        if not self._aligned or not text:
            return None
        keys = [
            self._memory[2 * layer][cache.row, head, text.start : text.stop]
            for layer, head in self._aligned
        ]
        queries = rotated(state.queries, self._cos[state.at], self._sin[state.at])
        return text.start + most_looked_at(queries, keys, self._scale)

    def _together(self, x: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One id each of the first rows."""
        count = len(x)
        if count not in self._steps:
            self._steps[count] = _Run(self._session, [part[:count] for part in self._memory], 1)
        return self._steps[count](x, last)

    def _gather(self, caches: Sequence[RowCache]) -> None:
        """Into the first rows."""
        here = set(caches)
        free = (row for row in range(len(caches)) if self._owners[row] not in here)
        for cache in caches:
            if cache.row >= len(caches):
                self._swap(cache.row, next(free))

    def _swap(self, one: int, other: int) -> None:
        owners = self._owners[one], self._owners[other]
        length = max(owner.length for owner in owners if owner is not None)
        for part in self._memory:
            part[[one, other], :, :length] = part[[other, one], :, :length]
        for owner, row in zip(owners, (other, one), strict=True):
            self._owners[row] = owner
            if owner is not None:
                owner.row = row


class _Run:
    """One call's memory, bound once: what is written into a sequence's row stays there."""

    def __init__(self, session: Any, memory: Sequence[np.ndarray], count: int) -> None:
        """memory: the rows it is about, (rows, …) of each part. count: ids of each."""
        rows = len(memory[0])
        hidden, ids = session.get_inputs()[0].shape[2], session.get_outputs()[0].shape[2]
        outputs = session.get_outputs()
        self._session = session
        self._x = np.empty((rows, count, hidden), np.float32)
        self._last = np.empty(rows, np.int32)
        self._total = np.empty((), np.int32)
        self._logits = np.empty((rows, 1, ids), np.float32)
        aligned = len(outputs) - 1 - len(memory)
        self._queries = np.empty((aligned, rows, 1, outputs[-1].shape[-1]), np.float32)
        self._binding = session.io_binding()
        for name, array in (("x", self._x), ("last", self._last), ("total", self._total)):
            self._bind(self._binding.bind_input, name, array)
        self._bind(self._binding.bind_output, "logits", self._logits)
        for index, queries in enumerate(self._queries):
            self._bind(self._binding.bind_output, f"query_{index}", queries)
        for index, part in enumerate(memory):
            self._bind(self._binding.bind_input, f"past_{index}", part)
            self._bind(self._binding.bind_output, f"now_{index}", part)
        self._memory = memory  # kept alive

    def __call__(self, x: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logits after the last id of each row, (rows, ids), and the alignment heads' queries,
        (heads, rows, head_dim): copies."""
        self._x[...], self._last[...], self._total[...] = x, last, last.max() + 1
        self._session.run_with_iobinding(self._binding)
        return self._logits[:, 0].copy(), self._queries[:, :, 0].copy()

    @staticmethod
    def _bind(bind: Any, name: str, array: np.ndarray) -> None:
        bind(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
