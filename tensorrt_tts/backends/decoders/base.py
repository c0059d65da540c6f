"""What the reference backend runs its model by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch

from tensorrt_tts.backends.base import Ranges

CHUNK = 128
"""Ids of a prompt that are read between two steps: the others' wait for a sequence that joins."""


State = Any
"""What a decoder's `scores` are computed from, after an id."""


class Decoder(Protocol):
    """What a `ReferenceBackend` runs, on one thread of its own."""

    rows: int
    """Sequences that one `step` can take."""
    threads: int
    """Threads of torch's own with which all of it is to be called."""

    def open(self) -> Any:
        """What the model keeps of a new sequence. May be called from any thread."""

    def close(self, cache: Any) -> None:
        """The sequence has ended."""

    def read(self, cache: Any, prompt: torch.Tensor) -> State:
        """The state after some more of a prompt. prompt: ids (n,) or embedded rows (n, hidden)."""

    def step(self, caches: Sequence[Any], ids: Sequence[int]) -> Sequence[State]:
        """The state of each sequence after one more id. Where it raises, none has gone on."""

    def scores(self, state: State, legal: Ranges) -> np.ndarray:
        """float32 logits of the legal ids, in their order; of all ids where `legal` is empty."""

    def looked_at(self, cache: Any, state: State, text: range) -> int | None:
        """The place in the prompt, one of `text`, that the model looked at most for a state that
        `read` or `step` gave last; None where no head was trained to look at what is said, or its
        attention is not at hand."""
