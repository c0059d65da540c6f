"""The exported graph against torch, window by window, and byte for byte against itself."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from engines import snac_onnx
from engines.window_graph import digest
from tensorrt_tts.codecs.base import Window
from tensorrt_tts.codecs.fixed_window import OUTSIDE
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ, SnacConfig
from tensorrt_tts.codecs.snac.onnx import open_codec
from tensorrt_tts.errors import CheckpointNotFoundError, SettingError
from tests.support.tiny_snac import TINY, tiny_export, write_snac

pytestmark = pytest.mark.timeout(600)  # an export takes a dozen seconds of one core

STEPS = 24


@pytest.fixture(scope="module")
def tiny() -> tuple[Path, Path]:
    """A checkpoint folder and its export."""
    return tiny_export(STEPS)


def random_windows(config: SnacConfig, count: int, seed: int) -> list[Window]:
    """Whole-width windows at random origins, seeds and codes, asking for what is exact in them."""
    random = np.random.default_rng(seed)
    context = config.context()
    windows = []
    for _ in range(count):
        origin = int(random.integers(0, 5000))
        steps = [
            tuple(row) for row in random.integers(0, config.codebook_size, (STEPS, 3)).tolist()
        ]
        first = origin * context.samples_per_step
        start = 0 if origin == 0 else first + context.samples_per_step - 1 + context.lookbehind
        stop = first + STEPS * context.samples_per_step
        windows.append(Window(steps, start, stop, origin, int(random.integers(0, 2**31))))
    return windows


def check(torch_folder: Path, onnx_folder: Path, count: int) -> None:
    torch_codec = SnacCodec.from_folder(torch_folder)
    onnx_codec = open_codec(onnx_folder)
    windows = random_windows(torch_codec.config, count, seed=7)
    peak = 0.0
    for batch in (1, 16):
        for first in range(0, count, batch):
            group = windows[first : first + batch]
            expected = torch_codec.run(group)
            for ours, theirs in zip(onnx_codec.run(group), expected, strict=True):
                peak = max(peak, float(np.abs(theirs).max()))
                assert np.abs(ours - theirs).max() <= 1e-4
    assert peak > 0.05  # silence would agree with anything


def test_equals_torch_on_200_random_windows(tiny: tuple[Path, Path]) -> None:
    check(*tiny, count=200)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_equals_torch_at_the_real_width(tmp_path: Path) -> None:
    """The 24 kHz model's own shape, 13 M parameters, random weights."""
    write_snac(tmp_path / "torch", SNAC_24KHZ)
    snac_onnx.export(tmp_path / "torch", tmp_path / "onnx", STEPS)
    check(tmp_path / "torch", tmp_path / "onnx", count=200)


def test_a_marked_step_is_outside_the_stream(tiny: tuple[Path, Path]) -> None:
    """Steps of −1 on the right equal a stream that ends there, whatever the noise beyond it."""
    import onnxruntime

    folder, exported = tiny
    config = SnacConfig.read(folder)
    codes = torch.randint(0, config.codebook_size, (1, 3, STEPS))
    codes[..., 9:] = OUTSIDE
    generator = torch.Generator().manual_seed(3)
    rates = (8, 64, 256, 512)
    noise = [torch.randn(1, 1, STEPS * rate, generator=generator) for rate in rates]
    codec = SnacCodec.from_folder(folder)
    window = snac_onnx.FixedWindow(codec.stages)
    with torch.inference_mode():
        short = window(codes[..., :9], [x[..., : 9 * r] for x, r in zip(noise, rates, strict=True)])
    session = onnxruntime.InferenceSession(str(exported / "snac.onnx"))
    names = ["codes", "noise_0", "noise_1", "noise_2", "noise_3"]
    feed = dict(zip(names, [x.numpy() for x in (codes, *noise)], strict=True))
    (samples,) = session.run(None, feed)
    assert np.abs(samples[0, : 9 * 512] - short[0].numpy()).max() <= 1e-5


def test_interface(tiny: tuple[Path, Path]) -> None:
    graph = onnx.load(str(tiny[1] / "snac.onnx")).graph

    def shape(value: onnx.ValueInfoProto) -> list[str | int]:
        return [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]

    assert {value.name: shape(value) for value in graph.input} == {
        "codes": ["batch", 3, STEPS],
        "noise_0": ["batch", 1, STEPS * 8],
        "noise_1": ["batch", 1, STEPS * 64],
        "noise_2": ["batch", 1, STEPS * 256],
        "noise_3": ["batch", 1, STEPS * 512],
    }
    assert {value.name: shape(value) for value in graph.output} == {
        "samples": ["batch", STEPS * 512]
    }


def test_tables_are_folded_and_nothing_is_random(tiny: tuple[Path, Path]) -> None:
    graph = onnx.load(str(tiny[1] / "snac.onnx")).graph
    operators = Counter(node.op_type for node in graph.node)
    assert not any("Random" in operator for operator in operators)
    # The library's convolutions, which TensorRT has kernels for, and not their CPU replacements:
    # entry 2, per block 1 for noise and 2 for each of 3 residuals, exit 1.
    assert (operators["Conv"], operators["ConvTranspose"], operators["MatMul"]) == (31, 4, 0)
    shapes = [tuple(tensor.dims) for tensor in graph.initializer]
    with_codes = [shape for shape in shapes if TINY.codebook_size in shape]
    assert with_codes == [(TINY.codebook_size, 2 * 2**4)] * 3


def test_a_model_without_noise_has_one_input(tmp_path: Path) -> None:
    quiet = TINY.model_copy(update={"noise": False})
    folder = write_snac(tmp_path / "torch", quiet)
    snac_onnx.export(folder, tmp_path / "onnx", STEPS)
    check(folder, tmp_path / "onnx", count=4)


def test_export_is_reproducible_in_another_process(tiny: tuple[Path, Path], tmp_path: Path) -> None:
    folder, exported = tiny
    code = (
        "import sys; from pathlib import Path; from engines.snac_onnx import export;"
        f"export(Path(sys.argv[1]), Path(sys.argv[2]), {STEPS})"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(folder), str(tmp_path)],
        check=True,
        env={"PYTHONHASHSEED": "77", "PATH": "/usr/bin:/bin"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
    )
    ours, theirs = exported / "snac.onnx", tmp_path / "snac.onnx"
    assert ours.read_bytes() == theirs.read_bytes()
    assert digest(ours) == digest(theirs)
    assert str(folder.parent) not in ours.read_bytes().decode("latin-1")


def test_narrow_window_is_refused(tiny: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="steps 19"):
        snac_onnx.export(tiny[0], tmp_path, 19)


def test_missing_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFoundError, match=r"config\.json"):
        snac_onnx.export(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
