"""SNAC on a device: exact in every way that it is streamed, and what TF32 would cost and save."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.codecs.coded import open_codec
from benchmarks.device.ceilings import median_time
from benchmarks.device.codec_exactness import exactness, table
from benchmarks.device.codec_rates import hop_windows
from tensorrt_tts.codecs import full_precision


def test_streamed_audio_is_the_offline_decode_on_this_device(device: str) -> None:
    """To one step of int16, and so is the offline decode to the CPU's."""
    frames, batch = (60, 64) if device == "cuda" else (6, 3)
    rows = list(exactness("demo", device, frames, batch))
    print(table(rows))
    assert all(row.exact for row in rows), table(rows)


def test_the_codec_leaves_torchs_own_setting_alone(device: str) -> None:
    before = torch.backends.cudnn.allow_tf32
    codec, _ = open_codec("demo", device)
    codec.run(hop_windows(codec, 1))
    assert torch.backends.cudnn.allow_tf32 is before


def test_what_is_replayed_is_what_is_launched(device: str) -> None:
    """Batches in an order in which a small one follows a large one, often enough to be captured."""
    codec, _ = open_codec("demo", device)
    plain, _ = open_codec("demo", device)
    plain.replays = None
    for batch in (1, 5, 64, 1, 3, 7, 2, 1, 64, 5, 1, 64, 6, 1):
        windows = hop_windows(codec, batch)
        for one, other in zip(codec.run(windows), plain.run(windows), strict=True):
            np.testing.assert_allclose(one, other, atol=1 / 32767)
    if codec.replays is not None:
        assert len(codec.replays) == 3  # of one, of up to eight, of 64


def test_what_tf32_would_cost_and_save(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure to print; it asserts only that the flag is what makes the difference."""
    codec, _ = open_codec("random" if device == "cuda" else "demo", device)
    codec.replays = None  # what is captured keeps the kernels it was captured with
    windows = hop_windows(codec, 64 if device == "cuda" else 2)
    repeats = 20 if device == "cuda" else 1

    def measured() -> tuple[np.ndarray, float]:
        seconds = median_time(lambda: codec.run(windows), device, repeats)
        return np.stack(codec.run(windows)), seconds

    exact, slow = measured()
    monkeypatch.setattr(full_precision, "_set", lambda before, allowed: None)
    rounded, fast = measured()
    gap = 32767 * float(np.abs(exact - rounded).max())
    print(
        f"{len(windows)} hops: exact {1000 * slow:.2f} ms, with TF32 {1000 * fast:.2f} ms and off "
        f"by up to {gap:.1f} LSB"
    )
    assert device == "cuda" or gap == 0
