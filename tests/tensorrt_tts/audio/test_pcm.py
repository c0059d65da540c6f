"""Float samples to 16 bits."""

import numpy as np
import pytest

from tensorrt_tts.audio.pcm import FULL_SCALE, to_int16


@pytest.mark.parametrize(
    ("sample", "found"),
    [
        (0.0, 0),
        (1.0, 32767),
        (-1.0, -32767),
        (1.5, 32767),
        (-7.0, -32767),
        (np.inf, 32767),
        (0.49 / FULL_SCALE, 0),
        (0.51 / FULL_SCALE, 1),
        (-0.51 / FULL_SCALE, -1),
        (2.5 / FULL_SCALE, 2),  # ties to even
    ],
)
def test_nearest_and_clipped(sample: float, found: int) -> None:
    assert to_int16(np.full(3, sample, np.float32)).tolist() == [found] * 3


@pytest.mark.parametrize("shape", [(0,), (5,), (2, 3)])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_shape_and_samples_stay(shape: tuple[int, ...], kind: type) -> None:
    samples = np.random.default_rng(0).uniform(-2, 2, shape).astype(kind)
    before = samples.copy()
    found = to_int16(samples)
    assert found.dtype == np.int16
    assert found.shape == shape
    assert np.array_equal(samples, before)
    expected = np.clip(np.rint(before.astype(np.float32) * FULL_SCALE), -FULL_SCALE, FULL_SCALE)
    assert np.array_equal(found, expected)
