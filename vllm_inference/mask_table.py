"""The ids that are illegal at each position of a rule, kept on the device."""

from __future__ import annotations

import torch

from vllm_inference.legal_rule import LegalRule

Entry = tuple[int, int, int]
"""Where a rule lies in the table: its first row, the rows of its prefix, the rows of its cycle."""

FREE: Entry = (0, 0, 1)
"""Of requests without a rule."""


class MaskTable:
    """One row of illegal ids per position of a rule, and row 0, which forbids nothing.

    The rules come from the model, not from callers, so that the table stays a few rows
    (7 × 156 940 bytes for Orpheus).
    """

    def __init__(self, vocab_size: int, device: torch.device) -> None:
        self.illegal = torch.zeros((1, vocab_size), dtype=torch.bool, device=device)
        self._entries: dict[LegalRule, Entry] = {}

    def add(self, rule: LegalRule) -> Entry:
        """Rows that hold this rule, made where needed."""
        if rule not in self._entries:
            positions = (*rule.prefix, *rule.cycle)
            rows = torch.ones(
                (len(positions), self.illegal.shape[1]),
                dtype=torch.bool,
                device=self.illegal.device,
            )
            for row, ranges in zip(rows, positions, strict=True):
                for start, stop in ranges:
                    row[start:stop] = False
            self._entries[rule] = (len(self.illegal), len(rule.prefix), len(rule.cycle))
            self.illegal = torch.cat((self.illegal, rows))
        return self._entries[rule]

    def forbid(
        self, logits: torch.Tensor, entries: torch.Tensor, positions: torch.Tensor
    ) -> torch.Tensor:
        """logits: (rows, vocabulary), changed in place. entries: (rows, 3) as `add` gave them.
        positions: (rows,) in the output of the ids to be sampled, from 0; below 0, where a prompt
        is not read to its end and nothing is sampled, anything may come out.

        All on the device; nothing waits for it.
        """
        first, prefix, cycle = entries.unbind(1)
        positions = positions.clamp(min=0)
        after = positions - prefix
        rows = first + torch.where(after < 0, positions, prefix + after % cycle)
        return logits.masked_fill_(self.illegal[rows], -torch.inf)
