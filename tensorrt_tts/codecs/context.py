"""What a codec declares about itself, and what a streaming decoder may conclude from it. Pure.

A codec turns a sequence of *steps* (its finest token period: 512 samples for SNAC 24 kHz) into
samples. Everything a streaming decoder needs to be exact follows from three numbers: how many
samples a step spans; how far before its own first sample a step reaches (that audio has to wait
for it: the *lookahead*); and how far past its own last sample it reaches (that many samples of
context a window needs on its left: the *lookbehind*).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodecContext:
    """SNAC 24 kHz: 24000, 512, 4, 4757, 4757 (a step starting at sample p touches p − 4757 to
    p + 511 + 4757)."""

    sample_rate: int
    """Hz."""
    samples_per_step: int
    steps_per_frame: int
    """A frame is what the language model completes before the next one begins."""
    lookahead: int
    """Samples."""
    lookbehind: int
    """Samples."""
    default_lookahead: int | None = None
    """Samples that a stream waits for where nobody chose: None for all of `lookahead`, which makes
    it exact. A codec that reaches too far to wait for states less, and what that costs."""
    gather: int = 0
    """Samples that may come together, to be decoded as one, while the listener has more than enough
    to play: of a codec whose short hops cost much more than long ones. 0: none wait while a stream
    has the codec for itself."""

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
