"""Tiling and padding around a fixed-width engine: whatever the windows, the samples are torch's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.snac_onnx import FixedWindow
from tensorrt_tts.codecs.base import Window, decode
from tensorrt_tts.codecs.fixed_window import FixedWindowCodec, exact_samples
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.errors import CorruptEngineError
from tests.support.examples import examples
from tests.support.tiny_snac import write_snac


class TorchSession:
    """The graph in torch, before any export, counting its calls."""

    noisy = True
    device = torch.device("cpu")

    def __init__(self, codec: SnacCodec, steps: int = 24, max_batch: int = 4) -> None:
        self.steps, self.max_batch = steps, max_batch
        self.calls: list[int] = []
        self._window = FixedWindow(codec.stages)

    @torch.inference_mode()
    def run(self, codes: torch.Tensor, noise: Sequence[torch.Tensor]) -> np.ndarray:
        assert codes.shape[1:] == (3, self.steps)
        assert codes.is_contiguous()
        assert all(x.is_contiguous() for x in noise)
        self.calls.append(len(codes))
        samples: np.ndarray = self._window(codes, noise).numpy()
        return samples


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_snac(tmp_path_factory.mktemp("snac"))


@pytest.fixture(scope="module")
def codec(folder: Path) -> SnacCodec:
    return SnacCodec.from_folder(folder)


def random_steps(codec: SnacCodec, count: int, seed: int = 0) -> list[tuple[int, ...]]:
    random = np.random.default_rng(seed)
    rows = random.integers(0, codec.config.codebook_size, (count, 3)).tolist()
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("count", [1, 4, 23, 24, 25, 97])
def test_offline_decode_of_any_length(codec: SnacCodec, count: int) -> None:
    steps = random_steps(codec, count)
    ours = decode(FixedWindowCodec(codec.config, TorchSession(codec)), steps, seed=5)
    np.testing.assert_allclose(ours, decode(codec, steps, seed=5), atol=1e-5)


def test_without_noise_it_is_torch_without_noise(codec: SnacCodec, folder: Path) -> None:
    steps = random_steps(codec, 30)
    quiet = SnacCodec.from_folder(folder, noise=False)
    ours = FixedWindowCodec(codec.config, TorchSession(codec), noise=False)
    np.testing.assert_allclose(decode(ours, steps), decode(quiet, steps), atol=1e-5)


@settings(deadline=None, max_examples=examples(25))
@given(data=st.data())
def test_any_windows_equal_torch(codec: SnacCodec, data: st.DataObject) -> None:
    context = codec.context
    steps = random_steps(codec, 60)
    windows = []
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, 60 * 512))
        stop = data.draw(st.integers(start, 60 * 512))
        last = min(60, max(context.steps_needed(stop), -(-stop // 512), 1))
        origin = data.draw(st.integers(0, min(context.first_step(start), last - 1)))
        windows.append(
            Window(steps[origin:last], start, stop, origin, data.draw(st.integers(0, 9)))
        )
    session = TorchSession(codec)
    expected = codec.run(windows)
    for ours, theirs in zip(
        FixedWindowCodec(codec.config, session).run(windows), expected, strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert all(size <= session.max_batch for size in session.calls)


def test_windows_of_different_lengths_share_a_call(codec: SnacCodec) -> None:
    session = TorchSession(codec)
    windows = [Window(random_steps(codec, n), 0, n * 512) for n in (4, 8, 12)]
    FixedWindowCodec(codec.config, session).run(windows)
    assert session.calls == [3]


def test_empty_window(codec: SnacCodec) -> None:
    session = TorchSession(codec)
    (samples,) = FixedWindowCodec(codec.config, session).run(
        [Window(random_steps(codec, 3), 100, 100)]
    )
    assert samples.shape == (0,)
    assert session.calls == []


def test_window_that_lacks_steps_is_refused(codec: SnacCodec) -> None:
    fixed = FixedWindowCodec(codec.config, TorchSession(codec))
    with pytest.raises(ValueError, match="need step 0"):
        fixed.run([Window(random_steps(codec, 8), 512 * 3, 512 * 4, origin=2)])
    with pytest.raises(ValueError, match="steps end at sample 4096"):
        fixed.run([Window(random_steps(codec, 8), 0, 4097)])


def test_too_narrow_an_engine(codec: SnacCodec) -> None:
    assert exact_samples(codec.context, 19) < 1 <= exact_samples(codec.context, 20)
    with pytest.raises(CorruptEngineError, match="19 steps"):
        FixedWindowCodec(codec.config, TorchSession(codec, steps=19))


def test_default_width_holds_three_frames(tmp_path: Path, codec: SnacCodec) -> None:
    from engines.snac_onnx import DEFAULT_STEPS

    assert exact_samples(codec.context, DEFAULT_STEPS) == 6359
