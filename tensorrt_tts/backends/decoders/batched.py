"""Llama and Qwen2 by torch's modules around an attention of our own, on any device.

The last bits of a matrix product depend on its shape: in float32 on AVX2 a product of one row takes
another kernel than one of four, and on two threads the rows of five are not even treated alike. So
the rows of a step are filled up to a number that was found, when the model was loaded, to give the
same bits as the largest; attention runs over each sequence's own cache; a prompt is read alone, in
chunks of `CHUNK`; and the head is multiplied a row at a time, by its legal ids only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.functional import linear, scaled_dot_product_attention

from tensorrt_tts.backends.base import Ranges

BLOCK = 256
"""Positions by which a cache grows."""

ROWS = (4, 8, 12, 16)
"""How many rows a step may have: the fewest that suffice, of those that were found to agree."""


class KeyValueCache:
    """Of one sequence. Memory is taken when it is needed, in blocks."""

    def __init__(self, layers: int, heads: int, head_dim: int, like: torch.Tensor) -> None:
        """like: has the dtype and the device."""
        self.length = 0
        self._store = like.new_empty(layers, 2, 1, heads, 0, head_dim)

    def free(self) -> None:
        self._store = self._store[..., :0, :].clone()

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
    """See the module, and `base.Decoder`."""

    def __init__(self, model: Any, max_sequence: int, one_by_one: bool = False) -> None:
        """one_by_one: a step has one sequence, on all of torch's threads."""
        self._model = model.model
        self._head = model.lm_head.weight
        self._embed = model.get_input_embeddings()
        self._heads = model.config.num_attention_heads
        self._kv_heads = model.config.num_key_value_heads
        self._head_dim = self._model.layers[0].self_attn.head_dim
        places = torch.arange(max_sequence, device=model.device)
        with torch.inference_mode():
            cos, sin = self._model.rotary_emb(self._head, places[None])  # (1, places, head_dim)
            sin[..., : self._head_dim // 2].neg_()
            self._cos, self._sin = cos[0, :, None], sin[0, :, None]
            self._padding = self._head.new_zeros(ROWS[-1], self._heads, 1, self._head_dim)
            # What fits into the caches is done before a second thread has begun, and takes longer
            # with it as soon as anything else runs, as the codec does.
            self.threads = torch.get_num_threads() if one_by_one else 1
            with _threads(self.threads):
                self._sizes = (1,) if one_by_one else self._agreeing()
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

    def close(self, cache: KeyValueCache) -> None:
        cache.free()

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

    def scores(self, state: torch.Tensor, legal: Ranges) -> np.ndarray:
        """Only the rows of the head that are asked for are multiplied."""
        parts = [self._head[ids.start : ids.stop] for ids in legal] or [self._head]
        found = [linear(state, part).float().cpu().numpy() for part in parts]
        return found[0] if len(found) == 1 else np.concatenate(found)

    def looked_at(self, cache: KeyValueCache, state: torch.Tensor, text: range) -> int | None:
        return None

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
