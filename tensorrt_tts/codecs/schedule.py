"""When to decode and how far: lookahead, hop and first hop as arithmetic on counts. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.errors import SettingError


@dataclass(frozen=True, slots=True)
class HopSchedule:
    """lookahead: samples of future a sample waits for; None for what the codec states, all that it
    sees where it states nothing, which makes the stream exact. hop: steps between two decodes.
    first_hop: steps' worth of final audio to wait for before the first one; 1 is the earliest
    possible. fade: samples over which a hop goes over into the next one, where a lookahead below
    what the codec sees leaves a seam between two windows; with state there is none.

    A one-step first hop is the lowest latency, but its chunk is so short (15 ms at full lookahead)
    that a player without a buffer runs dry before the next hop unless tokens come much faster than
    real time. Three steps (58 ms) cover a one-frame hop at 1.5× real time.
    """

    lookahead: int | None = None
    hop: int = 4
    first_hop: int = 1
    fade: int = 0

    def __post_init__(self) -> None:
        if self.lookahead is not None and self.lookahead < 0:
            raise SettingError(f"lookahead {self.lookahead} must be 0 or more samples")
        if self.fade < 0:
            raise SettingError(f"fade {self.fade} must be 0 or more samples")
        if self.hop < 1:
            raise SettingError(f"hop {self.hop} must be at least 1 step")
        if self.first_hop < 1:
            raise SettingError(f"first_hop {self.first_hop} must be at least 1 step")

    def wait(self, context: CodecContext) -> int:
        """The effective lookahead in samples. More than the codec sees would only add delay."""
        wanted = context.default_lookahead if self.lookahead is None else self.lookahead
        return context.lookahead if wanted is None else min(wanted, context.lookahead)

    def due(self, context: CodecContext, known: int, decoded: int) -> int | None:
        """The sample to decode up to, or None to wait for more steps.

        known: steps known now. decoded: steps known at the last decode, 0 before the first.
        """
        wait = self.wait(context)
        if decoded == 0:
            due = known >= context.steps_needed(1, wait) + self.first_hop - 1
        else:
            due = known - decoded >= self.hop
        # A frame that is still open may be cut by the end of the stream and then has no audio. At
        # full lookahead its samples are never due before it closes; below, they could be.
        whole = known - known % context.steps_per_frame
        stop = min(context.final(known, wait), whole * context.samples_per_step)
        return stop if due and stop else None


OFFLINE = HopSchedule(hop=1 << 62, first_hop=1 << 62)
"""Nothing is due before the end."""
