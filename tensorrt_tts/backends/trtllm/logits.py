"""Repetition penalty and legal ids as a TensorRT-LLM logits processor, for releases whose PyTorch
backend applies neither by itself (`releases`).

One request's object is called once per step, in the worker process it was pickled to, and has a
dozen milliseconds to share with all other requests. So what it needs is on the device already: the
masks of legal ids, the same for every request, and the ids seen, to which a step adds its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from tensorrt_tts.backends.base import Grammar

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class TokenRules:
    """The rules of one request, called by the engine once per step of it; picklable.

    prompt_length: how many of the ids it is shown are the prompt's. It must be shown every id
    generated so far, hence no overlap scheduler (`opening`).
    """

    prompt_length: int
    repetition_penalty: float
    grammar: Grammar
    _seen: _SeenIds = field(default_factory=lambda: _SeenIds(), compare=False, repr=False)

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

    def _apply(self, logits: torch.Tensor, token_ids: Sequence[int]) -> None:
        import torch

        if self.repetition_penalty != 1.0:
            seen = self._seen.mask(token_ids, logits.shape[-1], logits.device)
            penalised = torch.where(
                logits < 0, logits * self.repetition_penalty, logits / self.repetition_penalty
            )
            logits.copy_(torch.where(seen, penalised, logits))
        if self.grammar.cycle:
            masks = _forbidden(self.grammar, logits.shape[-1], logits.device)
            row = self.grammar.row(len(token_ids) - self.prompt_length)
            logits.masked_fill_(masks[row], float("-inf"))


class _SeenIds:
    """The ids one request has been shown, as a mask on the device that follows its growing list. It
    belongs to the request's own object, so requests may take turns, and it ends with it."""

    def __init__(self) -> None:
        self._count = 0
        self._last = -1
        self._mask: torch.Tensor | None = None

    def __reduce__(self) -> tuple[type[_SeenIds], tuple[()]]:
        return _SeenIds, ()  # on the other side nothing has been shown yet

    def mask(self, token_ids: Sequence[int], rows: int, device: torch.device) -> torch.Tensor:
        """bool (rows,). A list that did not just grow (it is shorter, or ended otherwise) is a
        generation that began again: the mask is made anew."""
        import torch

        count, mask = self._count, self._mask
        if mask is None or count > len(token_ids) or token_ids[count - 1] != self._last:
            count, mask = 0, torch.zeros(rows, dtype=torch.bool, device=device)
        new = token_ids[count:]
        if len(new) == 1:
            mask[new[0]] = True  # a kernel's argument: nothing is copied to the device
        elif new:
            mask[torch.tensor(new, device=device)] = True
        self._count, self._last, self._mask = len(token_ids), token_ids[-1], mask
        return mask


@lru_cache(maxsize=16)
def _forbidden(grammar: Grammar, rows: int, device: torch.device) -> torch.Tensor:
    """bool (rows of the grammar, rows of the head): True where an id is illegal. Orpheus's seven
    rows of 157 k ids are one megabyte."""
    import torch

    illegal = torch.ones((len(grammar.rows), rows), dtype=torch.bool, device=device)
    for mask, legal in zip(illegal, grammar.rows, strict=True):
        for ids in legal:
            mask[ids.start : ids.stop] = False
    return illegal
