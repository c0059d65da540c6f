"""What the reference backend runs its model by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch.nn.functional import linear

from tensorrt_tts.backends.base import Ranges

CHUNK = 128
"""Ids of a prompt that are read between two steps: the others' wait for a sequence that joins."""


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
        """A new sequence's `Cache`. May be called from any thread."""

    def close(self, cache: Any) -> None:
        """The sequence has ended."""

    def read(self, cache: Any, prompt: torch.Tensor) -> torch.Tensor:
        """The state after some more of a prompt. prompt: ids (n,) or embedded rows (n, hidden)."""

    def step(self, caches: Sequence[Any], ids: Sequence[int]) -> Sequence[torch.Tensor]:
        """The state of each sequence after one more id. Where it raises, none has gone on."""

    def scores(self, state: torch.Tensor, legal: Ranges) -> torch.Tensor:
        """Logits of the legal ids, in their order; of all ids where `legal` is empty."""


def head_scores(head: torch.Tensor, state: torch.Tensor, legal: Ranges) -> torch.Tensor:
    """`Decoder.scores` by the rows of a head, (ids, hidden), that are asked for."""
    if not legal:
        return linear(state, head)
    found = [linear(state, head[ids.start : ids.stop]) for ids in legal]
    return found[0] if len(found) == 1 else torch.cat(found)
