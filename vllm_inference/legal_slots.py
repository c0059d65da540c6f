"""A logits processor for vLLM: each position of the output may only hold the ids of its slot.

It runs in the engine's process, after penalties and before temperature and sampling, and stays on
the device: vLLM knows each row's position there, while the newest ids have not reached the host.
vLLM's own `allowed_token_ids` knows no positions and sends 28 672 legal ids with every request.

This is the interface of vLLM's V2 model runner (0.32 and later); `legal_slots_v1` has the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from vllm_inference.legal_rule import LegalRule
from vllm_inference.mask_table import FREE, MaskTable

if TYPE_CHECKING:

    class LogitsProcessor:
        """Stands for vLLM's base class, which has no behaviour of its own."""
else:
    try:
        from vllm.v1.worker.gpu.sample.logits_processor import LogitsProcessor
    except ImportError:
        LogitsProcessor = object


class LegalSlots(LogitsProcessor):
    """See the module. A request asks for it with what `LegalRule.to_extra_args` makes.

    vLLM keeps each request in a slot of its own until it ends or is preempted; slots are used
    again, so that a new request writes over all that the last one left.
    """

    def __init__(self, vllm_config: Any, req_states: Any) -> None:
        self._device = req_states.device
        self._table = MaskTable(req_states.vocab_size, self._device)
        self._prompt_len = req_states.prompt_len
        self._entries = np.tile(np.array(FREE, np.int64), (req_states.max_num_reqs, 1))
        self._on_device = self._upload()
        self._changed = False

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Raises ValueError (vLLM makes it the request's failure) for a malformed rule."""
        LegalRule.from_extra_args(sampling_params.extra_args)

    def add_request(self, req_idx: int, sampling_params: Any) -> bool:
        rule = LegalRule.from_extra_args(sampling_params.extra_args)
        self._entries[req_idx] = FREE if rule is None else self._table.add(rule)
        self._changed = True
        return rule is not None

    def apply_staged_writes(self) -> None:
        if self._changed:
            self._on_device = self._upload()
            self._changed = False

    def _upload(self) -> torch.Tensor:
        """A copy, since the host goes on to the next step while this one is under way."""
        entries = torch.from_numpy(self._entries.copy())
        if self._device.type == "cuda":
            entries = entries.pin_memory()
        return entries.to(self._device, non_blocking=True)

    def apply(self, logits: torch.Tensor, ctx: Any) -> torch.Tensor:
        """logits: float32 (rows, vocabulary), changed in place. A request has one row, or one per
        draft token and one more; `ctx.pos` holds the position of the id that each row has read."""
        if not self._entries[ctx.idx_mapping_np, 0].any():
            return logits
        slots = ctx.expanded_idx_mapping
        # .gpu only now: vLLM writes prompt lengths to several buffers in turn.
        positions = ctx.pos + 1 - self._prompt_len.gpu[slots]
        return self._table.forbid(logits, self._on_device[slots], positions)
