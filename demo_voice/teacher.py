"""What a teacher gives: speech with its alignment, trimmed and at one level. See ``voices.py``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from demo_voice import phase

FRAME = phase.FRAME
HOP = phase.TEACHER_HOP
MARGIN = 4  # teacher frames (50 ms) kept before and after the speech
QUIET_DB = -42.0  # below the loudest frame: counted as silence when trimming
LEVEL = 0.08  # root mean square of an utterance
PEAK = 0.95

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Utterance:
    """Speech with its alignment."""

    audio: Floats  # [samples], a multiple of FRAME
    phonemes: str
    durations: list[int]  # teacher frames of 12.5 ms per phoneme character
    f0: Floats  # [ceil(samples / 300)], Hz after locking, 0 where unvoiced
    prompt: str | None = None  # what the language model reads, where that is not the phonemes
    prompt_durations: list[int] | None = None  # as ``durations``, per character of ``prompt``


class Teacher(Protocol):
    """A voice that says how long each phoneme lasts."""

    def speak(self, text: str) -> Utterance:
        """Synthesise one sentence, trimmed and at a fixed level."""
        ...


def loud_span(power: Floats) -> tuple[int, int]:
    """First and past-the-last teacher frame of the speech, with MARGIN around it.

    ``power`` [frames] is of any scale.
    """
    loud = np.flatnonzero(10 * np.log10(power / power.max() + 1e-12) > QUIET_DB)
    return max(0, int(loud[0]) - MARGIN), min(len(power), int(loud[-1]) + 1 + MARGIN)


def trim_durations(counts: NDArray[np.int_], start: int, stop: int, total: int) -> list[int]:
    """Durations of the phonemes alone after trimming, summing to ``total`` teacher frames.

    ``counts`` covers [pad, phonemes..., pad] before trimming; what remains of the pads, and the
    zeros appended to fill the last codec frame, goes to the first and the last phoneme.
    """
    edges = np.concatenate([[0], np.cumsum(counts)])
    kept = np.diff(np.clip(edges, start, stop))
    kept[1] += kept[0]
    kept[-2] += kept[-1]
    durations = kept[1:-1]
    durations[-1] += total - durations.sum()
    return [int(d) for d in durations]


def level(audio: Floats) -> Floats:
    """The audio at LEVEL, or less where its peak would pass PEAK."""
    gain = min(
        LEVEL / (float(np.sqrt(np.mean(audio**2))) + 1e-9),
        PEAK / (float(np.abs(audio).max()) + 1e-9),
    )
    return audio * np.float32(gain)
