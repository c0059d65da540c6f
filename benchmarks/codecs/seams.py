"""Is a chunk's border heard? Streamed audio against the offline decode, there and elsewhere.

Three things tell a seam: a jump of the difference between the two from one sample to the next, a
bend of it (the jump of its slope), and another short-time spectrum. Each is taken around every
border, at its largest, and so around places that have no border near: what is usual there is what a
border is held to. Where the two agree within rounding there is nothing to hear. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

NEAR_S = 0.06
"""Seconds on either side of a border that belong to it: usual fades are up to 0.1 s long."""

PLACES = 400
"""That are drawn elsewhere."""

USUAL = 0.99
"""The part of them that a border has to exceed."""

FRAME_S, STEP_S = 0.016, 0.004
"""Of the short-time spectrum."""

QUIET = 1e-3
"""Added to every amplitude of a spectrum, where full scale is 1: below −60 dBFS nobody hears more
or less of it."""

FLOORS = {"jump": 3.0, "bend": 6.0, "spectrum": 0.5}
"""Steps of int16 and dB, up to which a difference is rounding (±1 step) and no seam: a jump adds
two samples' errors, a bend four's."""


@dataclass(frozen=True, slots=True)
class Seams:
    """borders: chunks but one. seams: of them, where any measure is beyond what is usual and beyond
    rounding. jump, bend (steps of int16), spectrum (dB): the largest at a border. times: the
    largest excess over what is usual elsewhere, of any measure, in multiples of that."""

    policy: str
    borders: int
    seams: int
    jump: float
    bend: float
    spectrum: float
    times: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def find_seams(
    policy: str,
    streamed: np.ndarray,
    offline: np.ndarray,
    borders: Sequence[int],
    sample_rate: int,
    seed: int = 0,
) -> Seams:
    """int16 (n,) each, of one length up to a missing rest. borders: samples."""
    length = min(len(streamed), len(offline))
    near = round(NEAR_S * sample_rate)
    inside = [border for border in borders if 0 < border < length]
    elsewhere = _elsewhere(inside, length, near, seed)
    over, largest, times = np.zeros(len(inside), bool), {}, 0.0
    for name, values in _measures(streamed[:length], offline[:length], sample_rate).items():
        found = np.array([_around(values, at, near, length) for at in inside])
        usual = np.array([_around(values, at, near, length) for at in elsewhere])
        limit = max(FLOORS[name], float(np.quantile(usual, USUAL)) if len(usual) else 0.0)
        largest[name] = float(found.max(initial=0.0))
        over |= found > limit
        times = max(times, largest[name] / limit)
    return Seams(policy, len(inside), int(over.sum()), **largest, times=times)


def _measures(streamed: np.ndarray, offline: np.ndarray, sample_rate: int) -> dict[str, np.ndarray]:
    """Each over the whole length, at whatever rate."""
    difference = streamed.astype(np.float64) - offline
    return {
        "jump": np.abs(np.diff(difference)),
        "bend": np.abs(np.diff(difference, n=2)),
        "spectrum": np.sqrt(
            np.mean((_levels(streamed, sample_rate) - _levels(offline, sample_rate)) ** 2, axis=1)
        ),
    }


def _levels(pcm: np.ndarray, sample_rate: int) -> np.ndarray:
    """dB, (frames, bins)."""
    size, step = round(FRAME_S * sample_rate), round(STEP_S * sample_rate)
    padded = np.pad(pcm.astype(np.float64) / 32767, (0, size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[:: max(1, step)]
    window = np.hanning(size)
    amplitudes = np.abs(np.fft.rfft(frames * window, axis=1)) / window.sum() * 2
    return np.asarray(20 * np.log10(amplitudes + QUIET))


def _around(values: np.ndarray, at: int, near: int, length: int) -> float:
    scale = len(values) / length
    low, high = int(max(0, at - near) * scale), int((at + near) * scale) + 1
    return float(values[low:high].max(initial=0.0))


def _elsewhere(borders: Sequence[int], length: int, near: int, seed: int) -> list[int]:
    """Places no part of whose surroundings is a border's; few where borders are dense."""
    free = np.ones(length, bool)
    for border in borders:
        free[max(0, border - 2 * near) : border + 2 * near] = False
    places = np.flatnonzero(free)
    draw = np.random.default_rng(seed)
    chosen = draw.choice(places, min(PLACES, len(places)), replace=False)
    return [int(place) for place in chosen]
