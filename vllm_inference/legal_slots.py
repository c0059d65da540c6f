"""A logits processor for vLLM: each position of the output may only hold the ids of its slot.

It runs in the engine's process, before penalties and sampling, and keeps its masks on the device.
vLLM's own `allowed_token_ids` knows no positions, and for 28 672 legal ids it sends the list with
every request and copies a mask of the whole batch to the device whenever the batch changes.

This is the interface of vLLM's V1 model runner; speculative decoding refuses such processors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from vllm_inference.batch_rows import BatchRows
from vllm_inference.requests import LEGAL, Ranges

if TYPE_CHECKING:

    class LogitsProcessor:
        """Stands for vLLM's base class, which has no behaviour of its own."""
else:
    try:
        from vllm.v1.sample.logits_processor import LogitsProcessor
    except ImportError:
        LogitsProcessor = object


class MaskTable:
    """One row of illegal ids per distinct position rule, kept on the device.

    Row 0 forbids nothing. The rules come from the model, not from callers, so that the table stays
    a few rows (7 × 156 940 bytes for Orpheus).
    """

    def __init__(self, vocab_size: int, device: torch.device) -> None:
        self.illegal = torch.zeros((1, vocab_size), dtype=torch.bool, device=device)
        self._first_row: dict[tuple[tuple[tuple[int, ...], ...], ...], int] = {}

    def add(self, positions: Sequence[Ranges]) -> int:
        """First of len(positions) consecutive rows that hold these rules, made where needed."""
        key = tuple(tuple(tuple(pair) for pair in ranges) for ranges in positions)
        if key not in self._first_row:
            rows = torch.ones(
                (len(positions), self.illegal.shape[1]),
                dtype=torch.bool,
                device=self.illegal.device,
            )
            for row, ranges in zip(rows, positions, strict=True):
                for start, stop in ranges:
                    row[start:stop] = False
            self._first_row[key] = len(self.illegal)
            self.illegal = torch.cat((self.illegal, rows))
        return self._first_row[key]


class _Request(NamedTuple):
    """first_row: in the mask table. period: how many rows follow each other in turn. output: the
    ids generated so far, a list that vLLM goes on extending."""

    first_row: int
    period: int
    output: Sequence[int]


class LegalSlots(LogitsProcessor):
    """See the module. A request asks for it with SamplingParams(extra_args={LEGAL: positions})."""

    def __init__(self, vllm_config: Any, device: torch.device, is_pin_memory: bool) -> None:
        self._table = MaskTable(vllm_config.model_config.get_vocab_size(), device)
        self._rows: BatchRows[_Request] = BatchRows()
        self._pin = is_pin_memory
        self._device = device

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Raises ValueError (vLLM makes it the request's failure) for malformed rules."""
        positions = (sampling_params.extra_args or {}).get(LEGAL)
        if positions is None:
            return
        well_formed = bool(positions) and all(
            ranges and all(len(pair) == 2 and 0 <= pair[0] < pair[1] for pair in ranges)
            for ranges in positions
        )
        if not well_formed:
            raise ValueError(f"{LEGAL} must hold [start, stop) pairs of ids for each position")

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
        positions = (params.extra_args or {}).get(LEGAL)
        if positions is None:
            return None
        return _Request(self._table.add(positions), len(positions), output)

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        """logits: float32 (batch, vocabulary), changed in place."""
        if not self._rows:
            return logits
        wanted = [0] * len(logits)
        for row, request in self._rows:
            # With asynchronous scheduling the newest ids are placeholders, but they are counted.
            wanted[row] = request.first_row + len(request.output) % request.period
        index = torch.tensor(wanted, pin_memory=self._pin).to(self._device, non_blocking=True)
        return logits.masked_fill_(self._table.illegal[index], -torch.inf)
