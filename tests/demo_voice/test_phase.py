"""Pulse phase locked to codec frames."""

import numpy as np

from demo_voice import features, phase


def glide(frames: int) -> np.ndarray:
    f0 = np.linspace(160, 260, frames).astype(np.float32)
    f0[: frames // 5] = 0
    return f0


def test_every_frame_holds_whole_periods_and_the_pitch_moves_little():
    length = 20 * phase.FRAME
    f0 = glide(length // phase.TEACHER_HOP + 1)
    bent, angle = phase.lock(f0, length)
    ends = angle[phase.FRAME - 1 :: phase.FRAME]
    assert np.abs(ends - np.round(ends)).max() < 1e-6
    plain, _ = phase.per_sample(f0, length)
    assert np.abs(bent - plain).max() < 24_000 / phase.FRAME * 1.5
    assert np.abs(np.diff(bent)).max() < 0.5  # no jump where frames meet


def test_pulses_are_silent_where_unvoiced():
    length = 10 * phase.FRAME
    f0 = glide(length // phase.TEACHER_HOP + 1)
    bent, angle = phase.lock(f0, length)
    _, voiced = phase.per_sample(f0, length)
    train = phase.pulse_train(bent, angle, voiced)
    assert not train[~voiced].any()
    assert np.abs(train[voiced]).max() > 20


def test_feature_phase_agrees_with_the_lock():
    length = 12 * phase.FRAME
    f0 = np.full(length // phase.TEACHER_HOP + 1, 205, np.float32)
    bent, angle = phase.lock(f0, length)
    pitch = bent[phase.TEACHER_HOP // 2 :: phase.TEACHER_HOP]
    made = features.pitch_features(pitch.astype(np.float16), length // features.HOP)
    starts = np.concatenate([[0.0], angle])[: length : features.HOP] * 2 * np.pi
    inner = made[:, 1] > 0.99
    assert np.abs(made[inner, 2] - np.cos(starts[inner])).max() < 0.1
    assert np.abs(made[inner, 3] - np.sin(starts[inner])).max() < 0.1
