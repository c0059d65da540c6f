"""AP-BWE against tensors of the official code on seeded weights, where they are at hand.

The waveform is ill-conditioned (bins without energy have any phase), so network and transforms are
compared apart; and waveforms where both begin with the same torch.stft.
"""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from tensorrt_tts.audio.bandwidth.config import ExtensionConfig
from tensorrt_tts.audio.bandwidth.extension import BandwidthExtension
from tensorrt_tts.audio.bandwidth.network import ExtensionNetwork
from tensorrt_tts.audio.bandwidth.sinc import SincUpsampler
from tensorrt_tts.audio.bandwidth.spectrum import Spectrum
from tensorrt_tts.audio.bandwidth.weights import load, shapes
from tensorrt_tts.files import read_json
from tests.support.golden import golden, recipe_weights
from tests.support.tiny_extension import whole

CPU = torch.device("cpu")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    source = golden("apbwe")
    shutil.copy(source / "small_config.json", tmp_path / "config.json")
    shutil.copy(source / "small.safetensors", tmp_path / "model.safetensors")
    return tmp_path


def apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Radians between phases, at most."""
    return float(np.abs(np.angle(np.exp(1j * (ours.astype(np.float64) - theirs)))).max())


@pytest.mark.parametrize(
    ("kind", "log_amplitude", "radians"),
    # Stated with the data: its own float32 is 6e-7 and 3e-5 from its float64. The phase is that of
    # two small numbers somewhere, so that our float32, whose sums have another order, is further.
    [(torch.float64, 2e-6, 5e-5), (torch.float32, 3e-6, 3e-4)],
)
def test_the_network(
    checkpoint: Path, kind: torch.dtype, log_amplitude: float, radians: float
) -> None:
    config, weights = load(checkpoint)
    network = ExtensionNetwork(config, {name: w.to(kind) for name, w in weights.items()})
    case = np.load(golden("apbwe") / "small_net.npz")
    given = (torch.from_numpy(case[name]).to(kind) for name in ("log_amp_in", "phase_in"))
    ours = [found.numpy() for found in network(*given)]
    np.testing.assert_allclose(ours[0], case["log_amp_out"], atol=log_amplitude)
    assert apart(ours[1], case["phase_out"]) < radians


def test_back_to_samples(checkpoint: Path) -> None:
    case = np.load(golden("apbwe") / "small_net.npz")
    spectrum = Spectrum(ExtensionConfig.read(checkpoint), CPU)
    given = (torch.from_numpy(case[name]) for name in ("log_amp_out", "phase_out"))
    np.testing.assert_allclose(spectrum.samples(*given), case["wav"], atol=1e-7)


def test_the_resampling_before_it() -> None:
    case = np.load(golden("apbwe") / "small_tones_b1.npz")
    sinc = SincUpsampler(3)
    ours = np.concatenate([sinc.push(case["x16"][0]), sinc.finish()])
    np.testing.assert_allclose(ours, case["x48"][0], atol=2e-7)


@pytest.mark.parametrize("name", ["small_noise_b2", "small_tones_b1"])
def test_the_waveform_of_a_whole(checkpoint: Path, name: str) -> None:
    network = ExtensionNetwork(*load(checkpoint))
    case = np.load(golden("apbwe") / f"{name}.npz")
    for given, theirs in zip(case["x48"], case["wav"], strict=True):
        np.testing.assert_allclose(whole(given, network), theirs, atol=2e-6)


@pytest.mark.parametrize("chunk", [57, 320, 1600])
def test_streamed(checkpoint: Path, chunk: int) -> None:
    case = np.load(golden("apbwe") / "small_tones_b1.npz")
    pcm = np.rint(32767 * case["x16"][0]).astype(np.int16)
    extension = BandwidthExtension.from_folder(checkpoint)
    parts = np.split(pcm, range(chunk, len(pcm), chunk))
    stream = extension.open()
    ours = np.concatenate([*map(stream.push, parts), stream.finish()])
    at_once = extension.open()
    expected = np.concatenate([at_once.push(pcm), at_once.finish()])
    assert np.abs(ours.astype(int) - expected).max() <= 1
    assert np.corrcoef(ours, case["wav"][0])[0, 1] > 0.9


@cache
def full_size() -> tuple[ExtensionConfig, dict[str, torch.Tensor]]:
    source = golden("apbwe")
    config = read_json(source / "full_config.json", ExtensionConfig)
    recipe = json.loads((source / "recipe.json").read_text())
    return config, recipe_weights(shapes(config), recipe["rules"], recipe["seed_full"])


@pytest.mark.slow
def test_full_size() -> None:
    torch.set_num_threads(1)
    case = np.load(golden("apbwe") / "full_heads.npz")
    config, weights = full_size()
    sinc = SincUpsampler(3)
    samples = np.concatenate([sinc.push(case["x16"][0]), sinc.finish()])
    found = whole(samples, ExtensionNetwork(config, weights))
    assert np.corrcoef(found[:4096], case["wav_head"])[0, 1] > 0.9
    print(found.mean(), found.std(), np.abs(found).max(), case["stats"])
    assert found.std() == pytest.approx(case["stats"][1], rel=0.05)
