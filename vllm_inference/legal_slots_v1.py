"""`legal_slots` for vLLM's V1 model runner: releases before 0.32, and where Triton is missing.

It runs before penalties and sampling. Positions are counted on the host, which has to wait for the
last step's ids; speculative decoding refuses such processors. Goes when V1 goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from vllm_inference.batch_rows import BatchRows
from vllm_inference.legal_rule import LegalRule
from vllm_inference.mask_table import FREE, Entry, MaskTable

if TYPE_CHECKING:

    class LogitsProcessor:
        """Stands for vLLM's base class, which has no behaviour of its own."""
else:
    try:
        from vllm.v1.sample.logits_processor import LogitsProcessor
    except ImportError:
        LogitsProcessor = object


class _Request(NamedTuple):
    """output: the ids generated so far, a list that vLLM goes on extending."""

    entry: Entry
    output: Sequence[int]


class LegalSlotsV1(LogitsProcessor):
    """See the module. A request asks for it with what `LegalRule.to_extra_args` makes."""

    def __init__(self, vllm_config: Any, device: torch.device, is_pin_memory: bool) -> None:
        self._table = MaskTable(vllm_config.model_config.get_vocab_size(), device)
        self._rows: BatchRows[_Request] = BatchRows()
        self._pin = is_pin_memory
        self._device = device

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Raises ValueError (vLLM makes it the request's failure) for a malformed rule."""
        LegalRule.from_extra_args(sampling_params.extra_args)

    def is_argmax_invariant(self) -> bool:
        return False

    def update_state(self, batch_update: Any) -> None:
        if batch_update is None:
            return
        self._rows.update(
            batch_update.removed,
            [(row, self._request(params, out)) for row, params, _, out in batch_update.added],
            [(source, to, way.name == "SWAP") for source, to, way in batch_update.moved],
        )

    def _request(self, params: Any, output: Sequence[int]) -> _Request | None:
        rule = LegalRule.from_extra_args(params.extra_args)
        return None if rule is None else _Request(self._table.add(rule), output)

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        """logits: float32 (batch, vocabulary), changed in place."""
        if not self._rows:
            return logits
        wanted = [(*FREE, 0)] * len(logits)
        for row, request in self._rows:
            # With asynchronous scheduling the newest ids are placeholders, but they are counted.
            wanted[row] = (*request.entry, len(request.output))
        rules = torch.tensor(wanted, pin_memory=self._pin).to(self._device, non_blocking=True)
        return self._table.forbid(logits, rules[:, :3], rules[:, 3])
