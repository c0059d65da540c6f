"""Windows of many streams: together where they have one shape, each answered."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from tensorrt_tts.audio.bandwidth.extension import MAX_BATCH, BandwidthExtension
from tests.support.tiny_extension import tiny_config, tiny_extension, tiny_weights


def window(length: int, seed: int) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(length).astype(np.float32)


class Watched(BandwidthExtension):
    """Computes the first batch only when it is let."""

    def __init__(self) -> None:
        super().__init__(tiny_config(), tiny_weights())
        self.batches: list[tuple[int, ...]] = []
        self.begun, self.may = threading.Event(), threading.Event()

    def compute(self, windows: np.ndarray) -> np.ndarray:
        self.batches.append(windows.shape)
        self.begun.set()
        assert self.may.wait(60)
        return super().compute(windows)


def run_behind(extension: Watched, windows: list[np.ndarray]) -> list[Future[np.ndarray]]:
    """The first one is being computed when the others come."""
    pool = ThreadPoolExecutor(len(windows))
    first = pool.submit(extension.run, windows[0])
    assert extension.begun.wait(60)
    others = [pool.submit(extension.run, other) for other in windows[1:]]
    while len(extension._waiting) < len(others):
        threading.Event().wait(0.001)
    extension.may.set()
    pool.shutdown()
    return [first, *others]


def test_what_waits_meanwhile_is_computed_together() -> None:
    extension = Watched()
    windows = [window(length, at) for at, length in enumerate([640, 640, 960, 640, 960, 640])]
    found = run_behind(extension, windows)
    assert sorted(extension.batches) == [(1, 640), (2, 960), (3, 640)]
    alone = tiny_extension()
    for given, result in zip(windows, found, strict=True):
        np.testing.assert_allclose(result.result(), alone.run(given), atol=1e-5)


def test_no_batch_is_larger_than_is_said() -> None:
    extension = Watched()
    found = run_behind(extension, [window(640, at) for at in range(MAX_BATCH + 4)])
    assert sorted(shape[0] for shape in extension.batches) == [1, 3, MAX_BATCH]
    assert all(len(result.result()) == 320 for result in found)


def test_a_failure_is_told_to_all_of_its_batch_and_to_nobody_else() -> None:
    extension = Watched()
    windows = [window(length, at) for at, length in enumerate([640, 640, 640, 700, 720])]
    windows[3] = windows[3][:300]  # shorter than a frame
    first, second, third, short, last = run_behind(extension, windows)
    with pytest.raises(RuntimeError):
        short.result()
    for result in (first, second, third, last):
        assert len(result.result()) > 0


def test_a_stream_is_opened_for_each_listener() -> None:
    extension = tiny_extension()
    one, two = extension.open(), extension.open()
    pcm = (1e4 * window(1600, 1)).astype(np.int16)
    found = np.concatenate([one.push(pcm), one.finish()])
    assert len(two.finish()) == 0
    assert len(found) == 4800
    extension.close()
