"""Trained rows, one a symbol, in a table for other symbols. Pure but for torch's tensors."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from tensorrt_tts.errors import SettingError


@torch.no_grad()
def grown(
    rows: Tensor, names: Sequence[str | None], wanted: Sequence[str | None], fresh: Tensor
) -> Tensor:
    """``fresh`` [len(wanted), ...] with the rows [len(names), ...] of the symbols both have."""
    places = {name: place for place, name in enumerate(names)}
    table = fresh.clone()
    for place, name in enumerate(wanted):
        if name in places:
            table[place] = rows[places[name]]
    return table


@torch.no_grad()
def split_codes(rows: Tensor, count: int, apart: float = 0.0) -> Tensor:
    """[..., codes, width] -> [..., count, width]: every code as it is, then the parts split off.

    apart: how far those lie from it, each dimension by a normal distribution. Raises SettingError
    where ``count`` is no multiple.
    """
    codes = rows.shape[-2]
    if count % codes:
        raise SettingError(
            f"{count} codes cannot come of {codes}; give --codes a multiple of {codes}"
        )
    table = torch.cat([rows] * (count // codes), dim=-2)
    table[..., codes:, :] += apart * torch.randn_like(table[..., codes:, :])
    return table


def difference(names: Sequence[str | None], wanted: Sequence[str]) -> str:
    """What `grown` takes and what begins anew, for the log."""
    known = set(names)
    symbols = [str(name) for name in wanted if not str(name).startswith("<|spare")]
    new = [name for name in symbols if name not in known]
    told = f"{len(symbols) - len(new)} symbols taken over"
    return f"{told}, {len(new)} new: {' '.join(new)}" if new else told
