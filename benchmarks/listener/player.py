"""A simulated listener: when would someone playing the stream as it arrives hear silence? Pure.

The player begins when `prebuffer` seconds of audio have arrived (0: with the first chunk), plays in
real time and, when it runs dry, waits for the next chunk and goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PREBUFFERS = (0.0, 0.1, 0.2)
"""Seconds of audio a player holds back before it starts, as reported for every request."""

LIMITS = (0.05, 0.1, 0.2)
"""Underruns, in seconds, up to which a stream still counts as continuous: C50, C100 and C200."""

_ROUNDING = 1e-9
"""Seconds. Less than this is the error of adding floats, not a silence."""


@dataclass(frozen=True, slots=True)
class Stall:
    """position: seconds of audio played before it. length: seconds of silence."""

    position: float
    length: float


@dataclass(frozen=True, slots=True)
class Playback:
    """start, end: when the first sample sounds and the last has sounded, on the arrivals' clock."""

    start: float
    end: float
    stalls: tuple[Stall, ...]

    @property
    def underrun(self) -> float:
        """Seconds of silence in all: how far playback falls behind a player that never waits.

        This is the largest deficit of vLLM-Omni's continuity check. It is stricter than the longest
        single silence: a stream slower than real time fails it however small each gap is.
        """
        return sum(stall.length for stall in self.stalls)

    @property
    def longest_stall(self) -> float:
        """Seconds."""
        return max((stall.length for stall in self.stalls), default=0.0)

    def heard_at(self, position: float) -> float:
        """When the sample `position` seconds into the audio is heard."""
        waited = sum(stall.length for stall in self.stalls if stall.position <= position)
        return self.start + position + waited


def play(
    arrivals: Sequence[float], durations: Sequence[float], prebuffer: float = 0.0
) -> Playback | None:
    """Play chunks that arrive at `arrivals` (seconds, ascending) and last `durations` seconds.

    A stream shorter than the prebuffer starts with its last chunk. None when there is no audio.
    """
    if not arrivals:
        return None
    start = arrivals[-1]
    buffered = 0.0
    for arrival, duration in zip(arrivals, durations, strict=True):
        buffered += duration
        if buffered >= prebuffer - _ROUNDING:
            start = arrival
            break
    stalls: list[Stall] = []
    position = 0.0
    deadline = start
    for arrival, duration in zip(arrivals, durations, strict=True):
        if arrival > deadline + _ROUNDING:
            stalls.append(Stall(position, arrival - deadline))
            deadline = arrival
        deadline += duration
        position += duration
    return Playback(start, deadline, tuple(stalls))
