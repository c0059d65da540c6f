"""Pulse phase locked to the codec's frame.

The teacher makes voiced sound from a pulse train whose phase it is free to choose.  Here the pitch
is bent (by at most a little over half a step of 24000 / 2048 = 11.7 Hz) so that every 2048-sample
frame holds a whole number of pitch periods.  Every frame then starts at phase 0, and a codec need
not spend codes, or training, on the phase: the waveform is nearly a function of the codes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 24_000
TEACHER_HOP = 300  # samples per teacher frame
FRAME = 2048  # samples per codec frame (seven codes)
VOICED_HZ = 40.0  # the teacher's voicing threshold
STICKINESS = 0.6  # periods a frame may be off before its count changes from the frame before
TOP_HZ = 11_000.0  # highest harmonic the teacher makes

Floats = NDArray[np.float32]


def per_sample(f0: Floats, length: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Pitch (Hz) and voicing per sample from pitch per teacher frame.

    Linear interpolation between frame centres, as the teacher does; the unvoiced frames take the
    pitch of the nearest voiced ones, so that the phase goes on through them.
    """
    position = np.arange(length, dtype=np.float64)
    centres = (np.arange(len(f0)) + 0.5) * TEACHER_HOP - 0.5
    voiced = np.interp(position, centres, f0) > VOICED_HZ
    known = np.flatnonzero(f0 > VOICED_HZ)
    if len(known) == 0:
        return np.full(length, 200.0), voiced
    return np.interp(position, centres[known], f0[known].astype(np.float64)), voiced


def whole_periods(periods: NDArray[np.float64]) -> NDArray[np.int64]:
    """The whole number of periods of each frame: the nearest, with a little hysteresis."""
    counts = np.empty(len(periods), np.int64)
    previous = -1
    for index, wanted in enumerate(periods):
        if abs(wanted - previous) > STICKINESS:
            previous = max(1, round(wanted))
        counts[index] = previous
    return counts


def lock(f0: Floats, length: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pitch (Hz) and phase (periods, not wrapped) per sample, whole at every frame boundary.

    ``length`` is a multiple of FRAME.  The bend is a quadratic in each frame, continuous where
    frames meet, whose mean is what the frame lacks.
    """
    pitch, _ = per_sample(f0, length)
    frames = pitch.reshape(-1, FRAME)
    wanted = frames.sum(axis=1) / SAMPLE_RATE
    lacking = (whole_periods(wanted) - wanted) * SAMPLE_RATE / FRAME  # Hz, a frame's mean bend
    edges = np.pad(lacking, 1, mode="edge")
    edges = (edges[1:] + edges[:-1]) / 2
    left, right = edges[:-1, None], edges[1:, None]
    u = (np.arange(FRAME) + 0.5) / FRAME
    bend = left * (1 - u) + right * u
    bump = u * (1 - u)
    bend += (lacking[:, None] - bend.mean(axis=1, keepdims=True)) * bump / bump.mean()
    bent = np.maximum((frames + bend).reshape(-1), VOICED_HZ)
    return bent, np.cumsum(bent) / SAMPLE_RATE


def pulse_train(
    pitch: NDArray[np.float64], phase: NDArray[np.float64], voiced: NDArray[np.bool_]
) -> Floats:
    """Band-limited pulses: all harmonics below TOP_HZ at unit amplitude (the teacher's source)."""
    angle = ((phase % 1.0) * 2 * np.pi).astype(np.float32)
    harmonics = (np.floor(TOP_HZ / pitch) + 0.5).astype(np.float32)
    below = 2 * np.sin(angle * 0.5)
    tiny = np.abs(below) <= 2e-3
    train = np.sin(harmonics * angle) / np.where(tiny, 1, below)
    train = np.where(tiny, harmonics, train) - 0.5
    return np.where(voiced, train, 0).astype(np.float32)
