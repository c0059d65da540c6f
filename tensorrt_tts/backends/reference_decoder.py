"""Steps of a language model for many sequences at once, each as exact as if it were alone.

A sequence's logits are the same bits whatever runs beside it, so equal seeds give equal ids. The
last bits of a matrix product depend on its shape: in float32 on AVX2 a product of one row takes
another kernel than one of four, and on two threads the rows of five are not even treated alike. So
the rows of a step are filled up to a number that was found, when the model was loaded, to give the
same bits as the largest; attention runs over each sequence's own cache; a prompt is read alone, in
chunks of `CHUNK`; and the head is multiplied a row at a time, by its legal ids only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch.nn.functional import linear, scaled_dot_product_attention

from tensorrt_tts.backends.base import Ranges
from tensorrt_tts.backends.sampler import legal_scores

CHUNK = 128
"""Ids of a prompt that are read between two steps: the others' wait for a sequence that joins."""

BLOCK = 256
"""Positions by which a cache grows."""

ROWS = (4, 8, 12, 16)
"""How many rows a step may have: the fewest that suffice, of those that were found to agree."""

_CPU_CACHE = 64 << 20
"""Bytes of weights above which a step on a CPU has one row: they come from memory then, and a
product of four rows takes two to five times as long as that of one, for a single listener too."""

_BATCHED = ("llama", "qwen2")

_POSITIONS = ("default", "linear", "llama3", "yarn")
"""Kinds of rotary embedding whose angles depend on the position and nothing else."""


class Cache(Protocol):
    """What a model keeps of one sequence. length: ids that it has read."""

    length: int


class Decoder(Protocol):
    """What a `ReferenceBackend` runs, on one thread of its own."""

    rows: int
    """Sequences that one `step` can take."""
    threads: int
    """Threads of torch's own with which all of it is to be called."""

    def open(self) -> Any:
        """A new sequence's `Cache`."""

    def read(self, cache: Any, prompt: torch.Tensor) -> torch.Tensor:
        """The state after some more of a prompt. prompt: ids (n,) or embedded rows (n, hidden)."""

    def step(self, caches: Sequence[Any], ids: Sequence[int]) -> Sequence[torch.Tensor]:
        """The state of each sequence after one more id. Where it raises, none has gone on."""

    def scores(self, state: torch.Tensor, legal: Ranges) -> torch.Tensor:
        """Logits of the legal ids, in their order; of all ids where `legal` is empty."""


def decoder(model: Any, max_sequence: int) -> Decoder:
    """max_sequence: ids that one sequence may have."""
    batched = (
        model.config.model_type in _BATCHED
        and model.model.rotary_emb.rope_type in _POSITIONS
        and not getattr(model.config, "use_sliding_window", False)
        and type(model.lm_head) is torch.nn.Linear
    )
    return BatchedDecoder(model, max_sequence) if batched else SequentialDecoder(model)


class KeyValueCache:
    """Of one sequence. Memory is taken when it is needed, in blocks, and freed with this object."""

    def __init__(self, layers: int, heads: int, head_dim: int, like: torch.Tensor) -> None:
        """like: has the dtype and the device."""
        self.length = 0
        self._store = like.new_empty(layers, 2, 1, heads, 0, head_dim)

    def room(self, count: int) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """For each layer where the next `count` entries go, (2, 1, heads, count, head_dim), and all
        keys and all values, those included, (1, heads, positions, head_dim)."""
        end = self.length + count
        *outer, capacity, head_dim = self._store.shape
        if end > capacity:
            grown = self._store.new_empty(*outer, -(-end // BLOCK) * BLOCK, head_dim)
            grown[..., : self.length, :] = self._store[..., : self.length, :]
            self._store = grown
        entries = self._store[..., self.length : end, :].unbind()
        filled = self._store[..., :end, :].flatten(0, 1).unbind()
        return list(zip(entries, filled[::2], filled[1::2], strict=True))


@contextlib.contextmanager
def _threads(count: int) -> Iterator[None]:
    """Of torch's own, in this thread; those that have not used torch yet get what is set last."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


Attend = Callable[[int, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""(layer, queries, keys, values), each (rows, heads, head_dim), to (rows, heads × head_dim)."""


class BatchedDecoder:
    """Llama and Qwen2: the modules of a `transformers` model around an attention of our own."""

    def __init__(self, model: Any, max_sequence: int) -> None:
        self._model = model.model
        self._head = model.lm_head.weight
        self._embed = model.get_input_embeddings()
        weights = sum(p.numel() * p.element_size() for p in self._model.layers.parameters())
        self._heads = model.config.num_attention_heads
        self._kv_heads = model.config.num_key_value_heads
        self._head_dim = self._model.layers[0].self_attn.head_dim
        places = torch.arange(max_sequence, device=model.device)
        with torch.inference_mode():
            cos, sin = self._model.rotary_emb(self._head, places[None])  # (1, places, head_dim)
            sin[..., : self._head_dim // 2].neg_()
            self._cos, self._sin = cos[0, :, None], sin[0, :, None]
            self._padding = self._head.new_zeros(ROWS[-1], self._heads, 1, self._head_dim)
            large = model.device.type == "cpu" and weights > _CPU_CACHE
            # What fits into the caches is done before a second thread has begun, and takes longer
            # with it as soon as anything else runs, as the codec does.
            self.threads = torch.get_num_threads() if large else 1
            with _threads(self.threads):
                self._sizes = (1,) if large else self._agreeing()
        self.rows = self._sizes[-1]

    def _agreeing(self) -> tuple[int, ...]:
        """The sizes of a step with which every row comes out as with the largest, to the bit, on
        this machine: whatever the kernels below do, the last of `ROWS` is left."""
        random = torch.Generator().manual_seed(0)
        x = torch.randn(ROWS[-1], self._head.shape[1], generator=random).to(self._head)
        places = torch.arange(ROWS[-1], device=x.device)

        def states(rows: slice) -> torch.Tensor:
            found: torch.Tensor = self._model.norm(
                self._layers(x[rows], places[rows], lambda _, queries, *__: queries.flatten(1))
            )
            return found

        whole = states(slice(None))
        return tuple(
            size
            for size in ROWS
            if all(
                torch.equal(states(slice(first, first + size)), whole[first : first + size])
                for first in range(0, ROWS[-1] - size + 1, size)
            )
        )

    def open(self) -> KeyValueCache:
        return KeyValueCache(
            len(self._model.layers), self._kv_heads, self._head_dim, like=self._head
        )

    def read(self, cache: KeyValueCache, prompt: torch.Tensor) -> torch.Tensor:
        count, before = len(prompt), cache.length
        room = cache.room(count)
        mask = None
        if before:
            shape = (count, before + count)
            mask = torch.ones(shape, dtype=torch.bool, device=prompt.device).tril(before)

        def attend(
            layer: int, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
        ) -> torch.Tensor:
            entries, *filled = room[layer]
            entries.copy_(torch.stack((keys, values))[:, None].transpose(2, 3))
            found = self._attention(queries.transpose(0, 1)[None], filled, mask, mask is None)
            return found[0].transpose(0, 1).flatten(1)

        x = prompt if prompt.is_floating_point() else self._embed(prompt)
        x = self._layers(x, torch.arange(before, before + count, device=prompt.device), attend)
        cache.length += count
        state: torch.Tensor = self._model.norm(x[-1:])[0]
        return state

    def step(self, caches: Sequence[KeyValueCache], ids: Sequence[int]) -> Sequence[torch.Tensor]:
        rooms = [cache.room(1) for cache in caches]
        unused = next(size for size in self._sizes if size >= len(caches)) - len(caches)
        padding = (self._padding[:unused],) if unused else ()

        def attend(
            layer: int, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
        ) -> torch.Tensor:
            new = torch.stack((keys, values), 1)[:, :, None, :, None].unbind()
            found = []
            for room, query, entry in zip(
                rooms, queries[:, None, :, None].unbind(), new, strict=False
            ):
                entries, *filled = room[layer]
                entries.copy_(entry)
                found.append(self._attention(query, filled))
            return torch.cat((*found, *padding)).flatten(1)

        rows = torch.tensor(
            ([*ids, *[0] * unused], [*(cache.length for cache in caches), *[0] * unused]),
            device=self._head.device,
        )
        x = self._layers(self._embed(rows[0]), rows[1], attend)
        for cache in caches:
            cache.length += 1
        states: Sequence[torch.Tensor] = self._model.norm(x)[: len(caches)].unbind()
        return states

    def scores(self, state: torch.Tensor, legal: Ranges) -> torch.Tensor:
        if not legal:
            return linear(state, self._head)
        found = [linear(state, self._head[ids.start : ids.stop]) for ids in legal]
        return found[0] if len(found) == 1 else torch.cat(found)

    def _layers(self, x: torch.Tensor, places: torch.Tensor, attend: Attend) -> torch.Tensor:
        """x: (rows, hidden). places: (rows,), where in its sequence each row stands."""
        cos, sin = self._cos[places], self._sin[places]
        heads = (len(x), -1, self._head_dim)
        for index, layer in enumerate(self._model.layers):
            attention, normed = layer.self_attn, layer.input_layernorm(x)
            turned = torch.cat((attention.q_proj(normed), attention.k_proj(normed)), 1).view(heads)
            # Rotary embedding: (a, b) · cos + (-b, a) · sin, the sign being part of our `sin`.
            turned = turned * cos + turned.roll(self._head_dim // 2, -1) * sin
            queries, keys = turned.split((self._heads, self._kv_heads), 1)
            found = attend(index, queries, keys, attention.v_proj(normed).view(heads))
            x = x + attention.o_proj(found)
            x = x + layer.mlp(layer.post_attention_layernorm(x))
        return x

    def _attention(
        self,
        queries: torch.Tensor,
        filled: Sequence[torch.Tensor],
        mask: torch.Tensor | None = None,
        causal: bool = False,
    ) -> torch.Tensor:
        keys, values = filled
        grouped = self._heads != self._kv_heads
        return scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask, is_causal=causal, enable_gqa=grouped
        )


@dataclass(slots=True)
class _Past:
    length: int = 0
    states: Any = None


class SequentialDecoder:
    """Any other model, by `transformers`' own forward pass, one sequence a step."""

    rows = 1

    def __init__(self, model: Any) -> None:
        self._model = model
        self.threads = torch.get_num_threads()

    def open(self) -> _Past:
        return _Past()

    def read(self, cache: _Past, prompt: torch.Tensor) -> torch.Tensor:
        kind = "inputs_embeds" if prompt.is_floating_point() else "input_ids"
        output = self._model(
            **{kind: prompt[None]}, past_key_values=cache.states, use_cache=True, logits_to_keep=1
        )
        cache.states = output.past_key_values
        cache.length += len(prompt)
        state: torch.Tensor = output.logits[0, -1]
        return state

    def step(self, caches: Sequence[_Past], ids: Sequence[int]) -> Sequence[torch.Tensor]:
        (cache,) = caches
        return (self.read(cache, torch.tensor(ids, device=self._model.device)),)

    def scores(self, state: torch.Tensor, legal: Ranges) -> torch.Tensor:
        return legal_scores(state, legal)
