"""What a codec declares about itself, and what a streaming decoder may conclude from it. Pure.

A codec turns a sequence of *steps* (its finest token period: 512 samples for SNAC 24 kHz) into
samples. Everything a streaming decoder needs to be exact follows from three numbers: how many
samples a step spans; how far before its own first sample a step reaches (that audio has to wait
for it: the *lookahead*); and how far past its own last sample it reaches (that many samples of
context a window needs on its left: the *lookbehind*).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class CodecContext:
    """sample_rate in Hz; samples_per_step; steps_per_frame (a frame is what the language model
    completes before the next one begins); lookahead and lookbehind in samples, as above.

    SNAC 24 kHz: 24000, 512, 4, 4757, 4757 (a step starting at sample p touches p − 4757 to
    p + 511 + 4757).
    """

    sample_rate: int
    samples_per_step: int
    steps_per_frame: int
    lookahead: int
    lookbehind: int

    @property
    def samples_per_frame(self) -> int:
        return self.samples_per_step * self.steps_per_frame

    def final(self, steps: int, lookahead: int | None = None) -> int:
        """Samples that no later step can change once `steps` are known (all, at full lookahead)."""
        wait = self.lookahead if lookahead is None else lookahead
        return max(0, steps * self.samples_per_step - wait)

    def first_step(self, sample: int) -> int:
        """First step that a window must hold so that `sample` has its whole left context."""
        reach = self.samples_per_step - 1 + self.lookbehind
        return max(0, -((reach - sample) // self.samples_per_step))

    def steps_needed(self, samples: int, lookahead: int | None = None) -> int:
        """Fewest known steps for which `final()` is at least `samples`."""
        wait = self.lookahead if lookahead is None else lookahead
        return -(-(samples + wait) // self.samples_per_step)


@dataclass(frozen=True, slots=True)
class Window:
    """A request for samples start … stop − 1 of a stream, with the steps they depend on.

    steps: consecutive steps of the stream, the first of them number `origin`. The stream is taken
    to end after them, which only matters to samples within `lookahead` of their end: at the
    stream's true end, and below full lookahead. seed: of the stream's noise. start and stop are
    counted from the stream's first sample.
    """

    steps: Sequence[tuple[int, ...]]
    start: int
    stop: int
    origin: int = 0
    seed: int = 0


class StatefulStream(Protocol):
    """A stream's own convolution state: every sample is computed once, when it is final."""

    def push(self, steps: Sequence[tuple[int, ...]], ended: bool = False) -> np.ndarray:
        """float32 samples that `steps` made final; with `ended`, all that are left."""
        ...


class Codec(Protocol):
    """A decoder from steps to samples. It keeps nothing between calls.

    `decode_windows` returns float32 arrays of shape (stop − start,), one per window and in order.
    Each equals that part of a decode of the whole stream to float rounding, given every step from
    `CodecContext.first_step(start)` to `steps_needed(stop)`.
    """

    context: CodecContext

    def decode_windows(self, windows: Sequence[Window]) -> list[np.ndarray]: ...

    def open_stream(self, seed: int = 0) -> StatefulStream:
        """Convolution state of one stream. Raises SettingError where the codec keeps none."""
        ...


def decode(codec: Codec, steps: Sequence[tuple[int, ...]], seed: int = 0) -> np.ndarray:
    """The offline decode: a whole stream at once. float32, (len(steps) · samples_per_step,)."""
    stop = len(steps) * codec.context.samples_per_step
    return codec.decode_windows([Window(steps, 0, stop, seed=seed)])[0]
