"""Convolution state: each stage of a decoder computes an output as soon as it is final, once, and
keeps the inputs that later outputs still need."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

Interval = tuple[int, int]
"""Positions first … last − 1."""


class StageState:
    """What one stage holds of one stream."""

    __slots__ = ("begin", "done", "end", "held", "stage")

    def __init__(self, stage: Any) -> None:
        """stage: a `codecs.stage.Stage`."""
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


Compute = Callable[
    [Sequence[StageState], "torch.Tensor", Interval, Interval, int | None], "torch.Tensor"
]
"""(states, x, held, wanted, length): the first state's stage's output at `wanted`, from input at
`held`. length: the input's once the stream has ended, else None. Positions are the first state's;
the others' differ by how much further they have come."""


def advance(
    streams: Sequence[Sequence[StageState]],
    x: torch.Tensor | None,
    ended: bool,
    compute: Compute,
    until: Sequence[int] | None = None,
) -> torch.Tensor | None:
    """Streams whose states have one shape, stage by stage: what the new input `x` (B, channels, n)
    made final, with `ended` all that is left; None for nothing.

    until: of each stage, the output to compute up to beyond what is final, as if nothing followed
    the input. The last stage's is given out with the rest; none of it is kept, and it comes again.
    """
    drafts = 0  # of the input's last positions, how many are not final
    for at, states in enumerate(zip(*streams, strict=True)):
        state, stage = states[0], states[0].stage
        held = [s.held for s in states if s.held is not None]
        if held:
            x = _joined(held, x)
        elif x is None:
            continue
        end = state.begin + x.shape[-1]
        known = end - drafts
        final = end * stage.rate if ended else stage.settled(known)
        stop = final if until is None else max(final, until[at])
        made, keep = None, 0
        if stop > state.done:
            wanted, length = (state.done, stop), None if until is None and not ended else end
            made = compute(states, x, (state.begin, end), wanted, length)
            keep = max(0, stage.needs((final, final + 1))[0] - state.begin)
        new, gained = known - state.end, max(0, final - state.done)
        last = known - state.begin
        for row, s in enumerate(states):
            s.held = x[row, :, keep:last]
            s.end += new
            s.begin += keep
            s.done += gained
        x, drafts = made, stop - final
    return x


def _joined(held: Sequence[torch.Tensor], x: torch.Tensor | None) -> torch.Tensor:
    """What was held, and `x` after it: (B, channels, n), in memory as `x` is, with channels
    innermost or, as a generator's stages keep them, outermost."""
    import torch

    if x is not None and x.stride(1) == 1:
        before = torch.stack([one.T for one in held])
        return torch.cat([before, x.transpose(1, 2)], dim=1).transpose(1, 2)
    parts = [torch.stack(list(held), dim=1)] + ([] if x is None else [x.transpose(0, 1)])
    return torch.cat(parts, dim=-1).transpose(0, 1)
