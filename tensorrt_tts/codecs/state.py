"""Convolution state: each stage of a decoder computes an output as soon as it is final, once, and
keeps the inputs that later outputs still need."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

Interval = tuple[int, int]
"""Positions first … last − 1."""


class StageState:
    """What one stage holds of one stream."""

    __slots__ = ("begin", "done", "end", "held", "stage")

    def __init__(self, stage: Any) -> None:
        """stage: has a `rate`, outputs per input."""
        self.stage = stage
        self.held: torch.Tensor | None = None  # inputs begin … end − 1, (channels, length)
        self.begin = 0
        self.end = 0
        self.done = 0  # outputs handed on

    @property
    def shape(self) -> Hashable:
        """The same for two streams that differ only in how far they have come."""
        length = self.end - self.begin
        return length, self.done - self.begin * self.stage.rate, self.begin == 0


class Arithmetic(Protocol):
    """How a codec's stages compute."""

    def needs(self, stage: Any, wanted: Interval) -> Interval:
        """The input positions that an interval of output depends on."""
        ...

    def settled(self, stage: Any, known: int) -> int:
        """Outputs that are final when inputs 0 … known − 1 are known and more may follow."""
        ...

    def compute(
        self,
        states: Sequence[StageState],
        x: torch.Tensor,
        held: Interval,
        wanted: Interval,
        length: int | None,
    ) -> torch.Tensor:
        """The first state's stage's output at `wanted`, from input at `held`. length: the input's
        once the stream has ended, else None. Positions are the first state's; the others' differ by
        how much further they have come."""
        ...


def advance(
    streams: Sequence[Sequence[StageState]],
    x: torch.Tensor | None,
    ended: bool,
    arithmetic: Arithmetic,
) -> torch.Tensor | None:
    """Streams whose states have one shape, stage by stage: what the new input `x` (B, channels, n)
    made final, with `ended` all that is left; None for nothing."""
    import torch

    for states in zip(*streams, strict=True):
        state, stage = states[0], states[0].stage
        held = [s.held for s in states if s.held is not None]
        if held:  # channels outermost in memory, as the stages keep them
            parts = [torch.stack(held, dim=1)] + ([] if x is None else [x.transpose(0, 1)])
            x = torch.cat(parts, dim=-1).transpose(0, 1)
        elif x is None:
            continue
        new = x.shape[-1] - (state.end - state.begin)
        end = state.end + new
        until = end * stage.rate if ended else arithmetic.settled(stage, end)
        made, keep = None, 0
        if until > state.done:
            wanted, length = (state.done, until), end if ended else None
            made = arithmetic.compute(states, x, (state.begin, end), wanted, length)
            keep = max(0, arithmetic.needs(stage, (until, until + 1))[0] - state.begin)
        gained = max(0, until - state.done)
        for row, s in enumerate(states):
            s.held = x[row, :, keep:]
            s.end += new
            s.begin += keep
            s.done += gained
        x = made
    return x
