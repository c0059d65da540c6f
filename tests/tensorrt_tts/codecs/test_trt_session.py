"""The engine's session with CUDA graphs, on doubles as awkward as TensorRT and CUDA."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from engines.codec_engine import SNAC, CodecRecipe, serialized
from tensorrt_tts.codecs.base import Window
from tensorrt_tts.codecs.fixed_window import FixedWindowCodec
from tensorrt_tts.codecs.snac import trt as snac_trt
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.codecs.trt_session import TensorRTSession
from tensorrt_tts.errors import EngineDiedError, EngineError
from tests.support import fake_cuda_graphs, fake_tensorrt
from tests.support.fake_cuda_graphs import FakeCuda, FakeGraph
from tests.support.fake_tensorrt import SCRATCH, _Context
from tests.support.tiny_snac import tiny_export

pytestmark = pytest.mark.timeout(600)  # an export takes a dozen seconds of one core

RECIPE = CodecRecipe.read(SNAC).model_copy(update={"steps": 24, "max_batch": 6, "opt_batch": 2})


@pytest.fixture(autouse=True)
def tensorrt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", fake_tensorrt)
    monkeypatch.setattr(fake_tensorrt, "fails", set())
    monkeypatch.setattr(_Context, "ran", [])
    monkeypatch.setattr(_Context, "made", [])


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    return fake_cuda_graphs.install(monkeypatch)


def engine_folder(path: Path, max_batch: int = 6) -> Path:
    export = tiny_export()[1]
    recipe = RECIPE.model_copy(update={"max_batch": max_batch, "opt_batch": 1})
    path.mkdir()
    shutil.copy(export / "config.json", path)
    graph = (export / "snac.onnx").read_bytes()
    (path / "snac.engine").write_bytes(serialized(fake_tensorrt, graph, recipe))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return engine_folder(tmp_path / "engine")


def windows(count: int, seed: int = 0) -> list[Window]:
    random = np.random.default_rng([count, seed])
    return [
        Window([tuple(row) for row in random.integers(0, 40, (9, 3)).tolist()], 0, 2048, seed=n)
        for n in range(count)
    ]


def assert_equals_torch(codec: FixedWindowCodec, count: int, seed: int = 0) -> None:
    torch_codec = SnacCodec.from_folder(tiny_export()[0])
    asked = windows(count, seed)
    for ours, theirs in zip(codec.run(asked), torch_codec.run(asked), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_every_graph_replays_its_own_shapes_in_any_order(cuda: FakeCuda, folder: Path) -> None:
    codec = snac_trt.open_codec(folder, "cpu")
    _Context.ran.clear()
    for number, count in enumerate((6, 1, 3, 2, 1, 5, 6, 1)):
        assert_equals_torch(codec, count, number)
    assert _Context.ran == [6, 1, 4, 2, 1, 6, 6, 1]


@pytest.mark.parametrize(
    ("max_batch", "sizes"), [(1, [1]), (4, [1, 2, 4]), (6, [1, 2, 4, 6]), (9, [1, 2, 4, 8, 9])]
)
def test_all_batch_sizes_are_run_and_captured_when_it_is_loaded(
    cuda: FakeCuda, tmp_path: Path, max_batch: int, sizes: list[int]
) -> None:
    codec = snac_trt.open_codec(engine_folder(tmp_path / "engine", max_batch), "cpu")
    assert _Context.ran == sizes  # the first run of each, which a stream would wait for
    assert cuda.modes == ["thread_local"] * len(sizes)
    made = len(_Context.made)
    for count in range(1, max_batch + 1):
        codec.run(windows(count))
    assert len(cuda.modes) == len(sizes)
    assert len(_Context.made) == made


def test_a_context_for_each_graph_and_one_scratch_memory_for_all(
    cuda: FakeCuda, folder: Path
) -> None:
    session = TensorRTSession(folder / "snac.engine", "cpu")
    graphs = [replay.__self__ for replay in session._runs.values()]  # type: ignore[attr-defined]
    assert all(isinstance(graph, FakeGraph) for graph in graphs)
    contexts = [context for graph in graphs for context, _ in graph.recorded]
    assert len({id(context) for context in contexts}) == len(contexts) == 4
    (memory,) = {context.memory for context in contexts}
    assert memory == (session._scratch.data_ptr(), SCRATCH)
    assert session._scratch.numel() >= SCRATCH


def test_samples_come_back_through_pinned_memory(cuda: FakeCuda, folder: Path) -> None:
    TensorRTSession(folder / "snac.engine", "cpu")
    assert cuda.pinned == [True]


def test_results_outlive_the_next_run(cuda: FakeCuda, folder: Path) -> None:
    """They are copied out of the host buffer, which every run writes."""
    codec = snac_trt.open_codec(folder, "cpu")
    first = codec.run(windows(9))
    kept = [samples.copy() for samples in first]
    codec.run(windows(6, seed=1))
    for samples, copy in zip(first, kept, strict=True):
        np.testing.assert_array_equal(samples, copy)


def test_without_graphs_one_context_runs_everything_at_once(cuda: FakeCuda, folder: Path) -> None:
    codec = snac_trt.open_codec(folder, "cpu", graphs=False)
    assert (_Context.ran, cuda.modes, len(_Context.made)) == ([], [], 1)
    for count in (6, 1, 3):
        assert_equals_torch(codec, count)
    assert _Context.ran == [6, 1, 4]
    assert len(_Context.made) == 1


def test_a_cpu_has_no_graphs(folder: Path) -> None:
    codec = snac_trt.open_codec(folder, "cpu")
    assert (_Context.ran, len(_Context.made)) == ([], 1)
    assert_equals_torch(codec, 2)


@pytest.mark.parametrize("graphs", [True, False])
def test_no_memory_for_a_context(
    cuda: FakeCuda, folder: Path, monkeypatch: pytest.MonkeyPatch, graphs: bool
) -> None:
    monkeypatch.setattr(fake_tensorrt, "fails", {"context"})
    with pytest.raises(EngineError, match=r"no execution context.*KV cache"):
        TensorRTSession(folder / "snac.engine", "cpu", graphs)


def test_an_engine_that_does_not_run_is_found_when_it_is_loaded(
    cuda: FakeCuda, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_tensorrt, "fails", {"execute"})
    with pytest.raises(EngineDiedError, match="refused to run"):
        TensorRTSession(folder / "snac.engine", "cpu")
