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


class Codec(Protocol):
    """A decoder from steps to samples. Stateless between calls and safe for one thread at a time.

    `decode_window(steps, origin, seed)`: float32 samples, shape (len(steps) · samples_per_step,),
    of a window whose first step is number `origin` of its stream. Samples whose context lies within
    the window equal those of a decode of the whole stream with the same seed to float rounding.
    `decode_windows` does the same for a batch of windows of one length: (B, samples).
    """

    context: CodecContext

    def decode_window(
        self, steps: Sequence[tuple[int, ...]], origin: int = 0, seed: int = 0
    ) -> np.ndarray: ...

    def decode_windows(
        self,
        windows: Sequence[Sequence[tuple[int, ...]]],
        origins: Sequence[int],
        seeds: Sequence[int],
    ) -> np.ndarray: ...
