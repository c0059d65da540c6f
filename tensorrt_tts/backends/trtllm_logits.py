"""Repetition penalty and legal ids as a TensorRT-LLM logits processor, for its PyTorch backend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tensorrt_tts.backends.protocol import LegalTokens

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class TokenRules:
    """Called by the engine once per step of one request; picklable, since the engine runs in a
    worker process.

    prompt_length: how many of the ids it is shown are the prompt's. It must be shown every id
    generated so far, hence no overlap scheduler (`trtllm_open`).
    """

    prompt_length: int
    repetition_penalty: float
    legal: LegalTokens | None
    stop_ids: tuple[int, ...]

    def __call__(
        self,
        req_id: int,
        logits: torch.Tensor,
        token_ids: list[list[int]],
        stream_ptr: int | None,
        client_id: int | None,
    ) -> None:
        """logits: (…, vocab), changed in place. token_ids: per beam, prompt and output."""
        import torch

        if stream_ptr is None:
            self._apply(logits, token_ids[0])
        else:
            with torch.cuda.stream(torch.cuda.ExternalStream(stream_ptr)):
                self._apply(logits, token_ids[0])

    def _apply(self, logits: torch.Tensor, token_ids: list[int]) -> None:
        import torch

        if self.repetition_penalty != 1.0:
            seen = torch.tensor(sorted(set(token_ids)), device=logits.device)
            scores = logits[..., seen]
            penalised = torch.where(
                scores < 0, scores * self.repetition_penalty, scores / self.repetition_penalty
            )
            logits[..., seen] = penalised
        if self.legal is not None:
            self._forbid(logits, len(token_ids) - self.prompt_length, self.legal)

    def _forbid(self, logits: torch.Tensor, position: int, legal: LegalTokens) -> None:
        """Everything but the slot of this position, and stops only where a frame may begin."""
        import torch

        slots, stops = legal.slots, list(self.stop_ids)
        if legal.per_slot:
            slot = position % len(slots)
            slots, stops = (slots[slot],), stops if slot == 0 else []
        allowed = torch.zeros(logits.shape[-1], dtype=torch.bool, device=logits.device)
        for ids in slots:
            allowed[ids.start : ids.stop : ids.step] = True
        allowed[stops] = True
        logits.masked_fill_(~allowed, float("-inf"))
