"""The codec's TensorRT engine on a real GPU: what torch gives, eager and as CUDA graphs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.codecs.coded import open_codec
from benchmarks.device.codec_rates import hop_windows
from tensorrt_tts.checkpoint_folder import demo_folder

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no NVIDIA GPU here, or torch was installed without CUDA")
    pytest.importorskip("tensorrt", reason="package tensorrt is not installed")
    from engines.codec_engine import SNAC, build_codec, this_host

    root = tmp_path_factory.mktemp("engines")
    return build_codec(SNAC, demo_folder("codec"), this_host(), root).folder


@pytest.mark.parametrize("graphs", [False, True])
def test_it_gives_what_torch_gives(engine: Path, graphs: bool) -> None:
    """One batch after another: a graph that was captured first is replayed after a larger one."""
    from tensorrt_tts.codecs.snac.trt import open_codec as open_engine

    codec, _ = open_codec("demo", "cuda")
    ours = open_engine(engine, "cuda", graphs)
    for batch in (1, 16, 1, 5, 64, 1):
        windows = hop_windows(codec, batch)
        for one, other in zip(ours.run(windows), codec.run(windows), strict=True):
            np.testing.assert_allclose(one, other, atol=2 / 32767)
