"""Any other model, by `transformers`' own forward pass, one sequence a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from tensorrt_tts.backends.base import Ranges
from tensorrt_tts.backends.sampler import legal_scores


@dataclass(slots=True)
class _Past:
    length: int = 0
    states: Any = None


class SequentialDecoder:
    """See `base.Decoder`."""

    rows = 1

    def __init__(self, model: Any) -> None:
        self._model = model
        self.threads = torch.get_num_threads()

    def open(self) -> _Past:
        return _Past()

    def close(self, cache: _Past) -> None:
        cache.states = None

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

    def scores(self, state: torch.Tensor, legal: Ranges) -> np.ndarray:
        return legal_scores(state.float().cpu().numpy(), legal)

    def looked_at(self, cache: _Past, state: torch.Tensor, text: range) -> int | None:
        return None
