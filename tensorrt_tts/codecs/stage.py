"""One layer of a decoder, which knows the positions it reads and writes.

Every stage maps positions of its input to positions of its output, both counted from the stream's
start, and computes any interval of its output from the interval of input it needs: no padding but
at the stream's true ends. Two ways to decode are built on that: by windows, asking backwards what
each stage must produce, and with state (`codecs.state`), which keeps what later outputs still need.

Everything is (batch, channels, positions).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F

from tensorrt_tts.codecs.base import Window
from tensorrt_tts.codecs.convolutions import as_library, transposed
from tensorrt_tts.codecs.state import Interval


class Stage:
    """rate: outputs per input. reach: inputs to either side of its own that an output reads."""

    rate: int = 1
    reach: int = 0

    def needs(self, wanted: Interval) -> Interval:
        """The input positions that an interval of output depends on, not yet cut at the ends."""
        return wanted[0] - self.reach, wanted[1] + self.reach

    def settled(self, known: int) -> int:
        """Outputs that are final when inputs 0 … known − 1 are known and more may follow."""
        return max(0, known - self.reach)

    def cut(
        self, x: torch.Tensor, held: Interval, wanted: Interval, length: int | None
    ) -> tuple[torch.Tensor, int, int]:
        """Of input held at positions `held`, what it needs for the output at `wanted`; and the
        zeros due before and after that. length: the input's total length once the stream has
        ended, else None."""
        first, last = self.needs(wanted)
        left = max(0, -first)
        right = max(0, last - length) if length is not None else 0
        return x[..., first + left - held[0] : last - right - held[0]], left, right


def pad(x: torch.Tensor, left: int, right: int) -> torch.Tensor:
    return F.pad(x, (left, right)) if left or right else x


@dataclass(frozen=True, slots=True)
class Snake:
    """x + sin²(αx)/α per channel. alpha, inverse: (1, channels, 1)."""

    alpha: torch.Tensor
    inverse: torch.Tensor

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        y = (x * self.alpha).sin_()
        return torch.addcmul(x, y.mul_(y), self.inverse)


@dataclass(frozen=True, slots=True)
class Upsample(Stage):
    """Snake, transposed convolution of stride `rate`. weight: (in channels, out channels, taps).
    matrix: the same by `as_matrix`, for `transposed` on a CPU. padding: outputs left out before the
    first."""

    snake: Snake
    weight: torch.Tensor
    matrix: torch.Tensor
    bias: torch.Tensor
    rate: int = field(kw_only=True)
    padding: int = field(kw_only=True)

    def needs(self, wanted: Interval) -> Interval:
        first, last = wanted[0] + self.padding, wanted[1] - 1 + self.padding
        return -((self.weight.shape[-1] - 1 - first) // self.rate), last // self.rate + 1

    def settled(self, known: int) -> int:
        return max(0, known * self.rate - self.padding)

    def upsampled(
        self, x: torch.Tensor, held: Interval, wanted: Interval, length: int | None
    ) -> torch.Tensor:
        # Inputs cut off at the ends would have added nothing: a transposed convolution pads by
        # leaving contributions out.
        x, left, _ = self.cut(x, held, wanted, length)
        x = self.snake(x)
        if as_library(x):
            x = F.conv_transpose1d(x, self.weight, self.bias, stride=self.rate)
        else:
            x = transposed(x, self.matrix, self.bias, self.rate)
        skip = wanted[0] + self.padding - (self.needs(wanted)[0] + left) * self.rate
        return x[..., skip : skip + wanted[1] - wanted[0]]


def backwards(stages: Sequence[Stage], last: Interval, end: int) -> list[Interval]:
    """What each stage must produce so that the last one produces `last`, of `end` steps."""
    wanted: list[Interval] = []
    length = end * math.prod(stage.rate for stage in stages)
    for stage in reversed(stages):
        wanted.append(last)
        length //= stage.rate
        low, high = stage.needs(last)
        last = (max(low, 0), min(high, length))
    wanted.reverse()
    return wanted


def intervals(stages: Sequence[Stage], window: Window) -> list[Interval]:
    """What each stage must produce so that the last one produces the window's start … stop − 1.

    Raises ValueError for a window that lacks steps which those depend on.
    """
    window.check(math.prod(stage.rate for stage in stages))
    wanted = backwards(stages, (window.start, window.stop), window.end)
    first = max(0, stages[0].needs(wanted[0])[0])
    if first < window.origin:
        raise ValueError(f"window begins at step {window.origin}, its samples need step {first}")
    return wanted
