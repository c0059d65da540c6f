"""Trimming and alignment of the teacher's speech."""

import numpy as np

from demo_voice.teacher import trim_durations


def test_trimmed_durations_fill_the_utterance():
    counts = np.asarray([10, 4, 6, 2, 8])  # pad, three phonemes, pad
    assert trim_durations(counts, 7, 25, 20) == [3 + 4, 6, 2 + 3 + 2]


def test_a_phoneme_outside_the_span_lasts_zero():
    counts = np.asarray([4, 4, 4, 4, 4])
    assert trim_durations(counts, 2, 11, 9) == [2 + 4, 3, 0]
