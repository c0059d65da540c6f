"""Stands for vLLM's V2 model runner (0.32) as a logits processor sees it, with its awkward habits.

A request keeps its slot until it is removed; the slot freed last is given away first, and nothing
tells the processor. Prompt lengths move on to another buffer with every flush, and the old one
stays behind. A batch may hold any requests in any order, several rows for one request (its drafts),
and requests whose prompt is not read to its end. `test_v2_runner_double.py` holds it against vLLM.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from vllm_inference.legal_slots import LegalSlots

STATE_FIELDS = {
    "device",
    "max_num_reqs",
    "vocab_size",
    "all_token_ids",
    "prompt_len",
    "prefill_len",
    "total_len",
}
CONTEXT_FIELDS = {
    "expanded_idx_mapping",
    "idx_mapping",
    "idx_mapping_np",
    "expanded_local_pos",
    "input_ids",
    "pos",
    "seq_lens_upper_bound_np",
}


class HostBackedTensor:
    """vLLM's UvaBackedTensor: written on the host, read as .gpu, which a flush replaces."""

    def __init__(self, size: int) -> None:
        self.np = np.zeros(size, np.int32)
        self._buffers = [torch.zeros(size, dtype=torch.int32) for _ in range(2)]
        self.gpu = self._buffers[0]

    def copy_to_uva(self) -> None:
        self._buffers.reverse()
        self.gpu = self._buffers[0]
        self.gpu.copy_(torch.from_numpy(self.np))


@dataclass
class _Request:
    slot: int
    prompt: int
    total: int


@dataclass(frozen=True)
class Scheduled:
    """One request's part of a step. drafts: ids guessed beyond the next. unread: ids of the prompt
    that this step leaves for later ones."""

    name: str
    drafts: int = 0
    unread: int = 0


class V2RunnerDouble:
    def __init__(self, slots: int, vocab_size: int) -> None:
        self.prompt_len = HostBackedTensor(slots)
        self.requests: dict[str, _Request] = {}
        self._free = list(range(slots))
        self._added = False
        self.processor = LegalSlots(
            None,
            SimpleNamespace(
                **dict.fromkeys(STATE_FIELDS)
                | {
                    "device": torch.device("cpu"),
                    "max_num_reqs": slots,
                    "vocab_size": vocab_size,
                    "prompt_len": self.prompt_len,
                }
            ),
        )
        self._vocab_size = vocab_size

    def add(self, name: str, extra_args: Any, prompt: int, output: int = 0) -> bool:
        """output: ids generated before a preemption. What add_request() says."""
        slot = self._free.pop()
        self.requests[name] = _Request(slot, prompt, prompt + output)
        self.prompt_len.np[slot] = prompt
        self._added = True
        return self.processor.add_request(slot, SimpleNamespace(extra_args=extra_args))

    def remove(self, name: str) -> None:
        self._free.append(self.requests.pop(name).slot)

    def step(self, batch: list[Scheduled]) -> list[list[int]]:
        """The legal ids of each row; every request scheduled has then generated one id more per
        row, unless its prompt is unread."""
        if self._added:
            self.prompt_len.copy_to_uva()
            self._added = False
        self.processor.apply_staged_writes()
        requests = [self.requests[part.name] for part in batch]
        rows = [
            (request.slot, offset, request.total - 1 - part.unread + offset)
            for part, request in zip(batch, requests, strict=True)
            for offset in range(part.drafts + 1)
        ]
        slots, offsets, positions = zip(*rows, strict=True)
        context = dict.fromkeys(CONTEXT_FIELDS) | {
            "expanded_idx_mapping": torch.tensor(slots),
            "idx_mapping": torch.tensor([request.slot for request in requests]),
            "idx_mapping_np": np.array([request.slot for request in requests], np.intp),
            "expanded_local_pos": torch.tensor(offsets, dtype=torch.int32),
            "pos": torch.tensor(positions, dtype=torch.int64),
        }
        logits = torch.zeros(len(rows), self._vocab_size)
        masked = self.processor.apply(logits, SimpleNamespace(**context))
        for part, request in zip(batch, requests, strict=True):
            request.total += 0 if part.unread else part.drafts + 1
        return [row.isfinite().nonzero()[:, 0].tolist() for row in masked]
