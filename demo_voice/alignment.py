"""When each word of the voice's speech is heard, by its teacher, whose durations are known.

The teacher speaks the same phonemes in the same voice; dynamic time warping of their cepstra
carries its times over.
"""

from __future__ import annotations

import json
import re

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.signal import get_window

from demo_voice.evaluate import RESULTS
from demo_voice.hibari_teacher import HibariTeacher
from demo_voice.teacher import HOP

RATE = 24_000
_HOP = 240
"""Samples: 10 ms."""
_WINDOW, _BINS, _BANDS, _CEPSTRA = 720, 1024, 40, 16
_MARKS = ",.?!—"

Floats = NDArray[np.float64]
Span = tuple[float, float]
"""Seconds."""


def held_out() -> list[str]:
    """The test sentences."""
    sentences = json.loads(RESULTS.read_text(encoding="utf-8"))["sentences"]
    return [sentence["text"] for sentence in sentences]


class TeacherAlignment:
    """Word times of speech, from the teacher's own."""

    def __init__(self) -> None:
        self._teacher = HibariTeacher()

    def __call__(self, text: str, audio: NDArray[np.float32]) -> list[Span]:
        """Of each word of `text`, seconds in `audio` (samples at RATE, full scale 1)."""
        spoken = self._teacher.speak(text)
        warped = _warp(_features(spoken.audio), _features(audio))
        edges = np.concatenate([[0], np.cumsum(spoken.durations)]) * HOP / _HOP
        times = np.interp(edges, np.arange(len(warped)), warped) * _HOP / RATE
        return [
            (float(times[word.start()]), float(times[word.start() + len(word[0].rstrip(_MARKS))]))
            for word in re.finditer(r"\S+", spoken.phonemes)
        ]


def _features(audio: NDArray[np.float32]) -> Floats:
    """Mel cepstra and their slopes [frames, 2 * _CEPSTRA]."""
    padded = np.pad(audio, (_WINDOW // 2, _WINDOW // 2 + _HOP))
    count = (len(padded) - _WINDOW) // _HOP
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP][:count]
    power = np.abs(np.fft.rfft(frames * get_window("hann", _WINDOW), _BINS)) ** 2
    cepstra = dct(np.log(power @ _mel_bands().T + 1e-6), axis=1, norm="ortho")[:, :_CEPSTRA]
    cepstra[:, 0] *= 0.5  # loudness says less than colour
    return np.concatenate([cepstra, 2 * np.gradient(cepstra, axis=0)], axis=1)


def _mel_bands() -> Floats:
    """Triangles between 60 Hz and 8 kHz [_BANDS, bins]."""
    lowest, highest = (2595 * np.log10(1 + hertz / 700) for hertz in (60.0, 8000.0))
    edges = 700 * (10 ** (np.linspace(lowest, highest, _BANDS + 2) / 2595) - 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    hertz = np.linspace(0, RATE / 2, _BINS // 2 + 1)
    rising, falling = (hertz - low) / (middle - low), (high - hertz) / (high - middle)
    bands: Floats = np.clip(np.minimum(rising, falling), 0, None)
    return bands


def _warp(first: Floats, second: Floats) -> Floats:
    """Of each frame of the first and its end, the frame of the second [len(first) + 1]."""
    far = np.sqrt(((first[:, None] - second[None]) ** 2).sum(-1))
    rows, columns = far.shape
    costs = np.full((rows + 1, columns + 1), np.inf)
    costs[0, 0] = 0.0
    for row in range(rows):
        above = np.minimum(costs[row, 1:], costs[row, :-1])
        left = np.inf
        for column in range(columns):
            left = min(left, above[column]) + far[row, column]
            costs[row + 1, column + 1] = left
    total, count = np.zeros(rows + 1), np.zeros(rows + 1)
    row, column = rows, columns
    while row and column:
        total[row - 1] += column - 1
        count[row - 1] += 1
        steps = ((row - 1, column - 1), (row - 1, column), (row, column - 1))
        row, column = min(steps, key=lambda step: costs[step])
    total[rows], count[rows] = columns, 1
    return total / np.maximum(count, 1)
