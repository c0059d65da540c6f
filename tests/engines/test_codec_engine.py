"""Codec engines from checkpoint to samples, on a double of TensorRT that runs the real graph."""

from __future__ import annotations

import importlib
import importlib.metadata
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engines import codec_engine
from engines.codec_engine import (
    BICODEC,
    SNAC,
    CodecRecipe,
    EngineKind,
    TensorRT,
    build_codec,
    serialized,
    this_host,
)
from tensorrt_tts.codecs import select, trt_session
from tensorrt_tts.codecs.base import Window, decode
from tensorrt_tts.codecs.bicodec import trt as bicodec_trt
from tensorrt_tts.codecs.bicodec.codec import BiCodec
from tensorrt_tts.codecs.bicodec.windows import BiCodecWindows
from tensorrt_tts.codecs.fixed_window import FixedWindowCodec
from tensorrt_tts.codecs.snac import trt as snac_trt
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.codecs.snac.onnx import OnnxSession
from tensorrt_tts.codecs.trt_session import TensorRTSession, find_codec_engine
from tensorrt_tts.engine_folder.check import check_engine
from tensorrt_tts.engine_folder.device import ComputeCapability, Device
from tensorrt_tts.engine_folder.manifest import read_manifest, write_manifest
from tensorrt_tts.errors import (
    CorruptEngineError,
    EngineDiedError,
    EngineError,
    EngineMismatchError,
    MissingDependencyError,
    SettingError,
)
from tensorrt_tts.families.spark.spec import SPARK
from tests.support import fake_tensorrt, tiny_bicodec
from tests.support.tiny_snac import tiny_export, write_snac

pytestmark = pytest.mark.timeout(600)  # an export takes a dozen seconds of one core

A100 = Device("NVIDIA A100-SXM4-80GB", 81920, ComputeCapability(8, 0), "580.1")
L4 = Device("NVIDIA L4", 23034, ComputeCapability(8, 9), "580.1")
SIZES = {"max_batch": 6, "opt_batch": 2}
RECIPE = CodecRecipe.read(SNAC).model_copy(update={"steps": 24, **SIZES})
BICODEC_RECIPE = CodecRecipe.read(BICODEC).model_copy(update={"steps": 140, **SIZES})


@pytest.fixture(autouse=True)
def double(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", fake_tensorrt)
    monkeypatch.setattr(fake_tensorrt, "fails", set())
    version = {"tensorrt": fake_tensorrt.__version__}
    monkeypatch.setattr(trt_session, "installed_tensorrt", lambda: version)
    fake_tensorrt.builds.clear()
    fake_tensorrt._Context.ran.clear()


def copy_export(checkpoint: Path, out: Path, steps: int) -> Path:
    """Stands for `snac_onnx.export`, which is tested beside it and takes seconds."""
    assert (checkpoint, steps) == (tiny_export()[0], 24)
    shutil.copytree(tiny_export()[1], out, dirs_exist_ok=True)
    return out / "snac.onnx"


def copy_bicodec(checkpoint: Path, out: Path, steps: int) -> Path:
    """The same for `bicodec_onnx.export`."""
    assert (checkpoint, steps) == (tiny_bicodec.tiny_export()[0], 140)
    shutil.copytree(tiny_bicodec.tiny_export()[1], out, dirs_exist_ok=True)
    return out / "bicodec.onnx"


COPIED = replace(SNAC, export=copy_export)
COPIED_BICODEC = replace(BICODEC, export=copy_bicodec)


@pytest.fixture(scope="module")
def checkpoint() -> Path:
    return tiny_export()[0]


@pytest.fixture(scope="module")
def engines(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of engines with one in it."""
    root = tmp_path_factory.mktemp("engines")
    assert build_codec(COPIED, checkpoint, host(), root, RECIPE).fresh
    return root


@pytest.fixture(scope="module")
def bicodec_engines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, of BiCodec."""
    root, checkpoint = tmp_path_factory.mktemp("engines"), tiny_bicodec.tiny_export()[0]
    assert build_codec(COPIED_BICODEC, checkpoint, host(), root, BICODEC_RECIPE).fresh
    return root


def host(device: Device = A100, version: str = fake_tensorrt.__version__) -> TensorRT:
    return TensorRT(fake_tensorrt, version, device)


def engine(root: Path) -> Path:
    (folder,) = [path for path in root.iterdir() if path.is_dir()]
    return folder


def test_folder_is_whole_and_checked(engines: Path, checkpoint: Path) -> None:
    folder = engine(engines)
    assert {path.name for path in folder.iterdir()} == {
        "snac.engine",
        "config.json",
        "manifest.json",
    }
    info = check_engine(folder, A100, {"tensorrt": fake_tensorrt.__version__}, contents=True)
    assert info.manifest is not None
    assert info.manifest.inputs.kind == "snac"
    with pytest.raises(EngineMismatchError, match=r"NVIDIA L4"):
        check_engine(folder, L4)
    with pytest.raises(EngineMismatchError, match=r"tensorrt 10\.14\.1\.48.*10\.13"):
        check_engine(folder, A100, {"tensorrt": "10.13.0"})


def test_same_inputs_build_nothing_and_others_build_beside_it(
    engines: Path, checkpoint: Path
) -> None:
    again = build_codec(COPIED, checkpoint, host(), engines, RECIPE)
    assert (again.folder, again.fresh) == (engine(engines), False)
    assert fake_tensorrt.builds == []


def test_engine_equals_torch(engines: Path, checkpoint: Path) -> None:
    torch_codec = SnacCodec.from_folder(checkpoint)
    codec = snac_trt.open_codec(engine(engines), device="cpu")
    random = np.random.default_rng(1)
    rows = random.integers(0, torch_codec.config.codebook_size, (60, 3)).tolist()
    steps = [tuple(row) for row in rows]
    np.testing.assert_allclose(
        decode(codec, steps, seed=4), decode(torch_codec, steps, seed=4), atol=1e-4
    )
    windows = [Window(steps[: 4 + n], 0, 2048, seed=n) for n in range(9)]
    for ours, theirs in zip(codec.run(windows), torch_codec.run(windows), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    # Nine windows in calls of at most six, each filled up to a bucket or the engine's maximum.
    assert fake_tensorrt._Context.ran[-2:] == [6, 4]


def test_bicodec_folder_is_whole_and_equals_torch(bicodec_engines: Path) -> None:
    """From 140 steps a window on; whatever speaks, in calls of at most six windows."""
    checkpoint, folder = tiny_bicodec.tiny_export()[0], engine(bicodec_engines)
    assert {path.name for path in folder.iterdir()} == {
        "bicodec.engine",
        "config.json",
        "model.safetensors",
        "manifest.json",
    }
    info = check_engine(folder, A100, {"tensorrt": fake_tensorrt.__version__}, contents=True)
    assert info.manifest is not None
    assert info.manifest.inputs.kind == "bicodec"
    torch_codec, codec = BiCodec.from_folder(checkpoint), bicodec_trt.open_codec(folder, "cpu")
    steps = [(code,) for code in np.random.RandomState(1).randint(0, 8192, 220).tolist()]
    who = tiny_bicodec.voice(1)
    np.testing.assert_allclose(
        decode(codec, steps, condition=who), decode(torch_codec, steps, condition=who), atol=1e-4
    )
    windows = [
        Window(steps[: 40 + n], 0, 2048, condition=tiny_bicodec.voice(n % 3)) for n in range(9)
    ]
    for ours, theirs in zip(codec.run(windows), torch_codec.run(windows), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert fake_tensorrt._Context.ran[-2:] == [6, 4]


def test_bicodec_selection(
    bicodec_engines: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The engine where it fits this GPU and these weights, whatever SNAC's there are; the family
    asks here."""
    checkpoint, exported = tiny_bicodec.tiny_export()
    monkeypatch.setenv(select.ENGINES_VARIABLE, str(bicodec_engines))
    monkeypatch.setattr(bicodec_trt, "open_codec", lambda folder, device: (folder, device))
    monkeypatch.setattr(BiCodec, "from_folder", lambda folder, device: "torch")
    monkeypatch.setattr(trt_session, "find_device", lambda: A100)
    found = (engine(bicodec_engines), "cuda:0")
    assert select.open_bicodec(checkpoint, "cuda:0") == found
    assert SPARK.open_codec(checkpoint, device="cuda:0") == found
    assert select.open_bicodec(checkpoint) == "torch"
    assert isinstance(select.open_bicodec(exported, "cuda"), BiCodecWindows)
    assert find_codec_engine(checkpoint, bicodec_engines, "snac") is None
    assert caplog.messages == []
    monkeypatch.setattr(trt_session, "find_device", lambda: L4)
    assert select.open_bicodec(checkpoint, "cuda") == "torch"
    (message,) = caplog.messages
    assert "NVIDIA L4" in message
    monkeypatch.setattr(trt_session, "find_device", lambda: A100)
    other = Path(shutil.copytree(checkpoint, tmp_path / "other"))
    assert select.open_bicodec(other, "cuda:0") == found
    with (other / "config.yaml").open("a") as file:  # another config is another codec
        file.write("\n")
    assert select.open_bicodec(other, "cuda:0") == "torch"


def test_tf32_is_off_and_fp16_only_when_asked(checkpoint: Path, tmp_path: Path) -> None:
    for precision, flags in (("fp32", set()), ("fp16", {"fp16"})):
        graph = b"graph"
        recipe = RECIPE.model_copy(update={"precision": precision})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fake_tensorrt.OnnxParser, "parse", lambda self, graph: True)
            serialized(fake_tensorrt, graph, recipe)
        assert fake_tensorrt.builds[-1] == {"flags": flags, "workspace": 1 << 30}


@pytest.mark.parametrize(
    ("step", "message"),
    [("parse", "unsupported operator"), ("build", r"built no engine.*max_batch")],
)
def test_refusals_of_tensorrt_leave_nothing(
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    message: str,
) -> None:
    monkeypatch.setattr(fake_tensorrt, "fails", {step})
    with pytest.raises(EngineError, match=message):
        build_codec(COPIED, checkpoint, host(), tmp_path, RECIPE)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_run_and_load_failures(
    engines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec = snac_trt.open_codec(engine(engines), device="cpu")
    monkeypatch.setattr(fake_tensorrt, "fails", {"execute"})
    with pytest.raises(EngineDiedError, match="refused to run"):
        codec.run([Window([(0, 0, 0)], 0, 512)])
    (tmp_path / "snac.engine").write_bytes(b"an engine of another release")
    with pytest.raises(CorruptEngineError, match="build it again"):
        TensorRTSession(tmp_path / "snac.engine", device="cpu")
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(MissingDependencyError, match="tensorrt is not installed"):
        TensorRTSession(tmp_path / "snac.engine", device="cpu")


def test_selection(
    engines: Path,
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The engine where it fits this GPU; torch on a CPU, elsewhere, or for other weights."""
    monkeypatch.setenv(select.ENGINES_VARIABLE, str(engines))
    opened: list[str] = []
    trt_codec = snac_trt.open_codec

    def on_cpu(folder: Path, device: str) -> FixedWindowCodec:
        opened.append(device)
        return trt_codec(folder, "cpu")

    monkeypatch.setattr(snac_trt, "open_codec", on_cpu)
    monkeypatch.setattr(SnacCodec, "from_folder", lambda folder, noise, device: "torch")
    monkeypatch.setattr(trt_session, "find_device", lambda: A100)
    assert isinstance(select.open_snac(checkpoint, device="cuda:0"), FixedWindowCodec)
    assert opened == ["cuda:0"]
    assert select.open_snac(checkpoint, device="cpu") == "torch"
    assert select.open_snac(checkpoint, device="cuda", noise=False) == "torch"
    other = write_snac(tmp_path / "other", seed=1)
    assert select.open_snac(other, device="cuda") == "torch"
    exported = tiny_export()[1]
    for device in ("cpu", "cuda"):
        codec = select.open_snac(exported, device=device)
        assert isinstance(codec, FixedWindowCodec)
        assert isinstance(codec.session, OnnxSession)
    monkeypatch.setattr(trt_session, "find_device", lambda: L4)
    assert caplog.messages == []
    assert select.open_snac(checkpoint, device="cuda") == "torch"
    assert opened == ["cuda:0"]
    (message,) = caplog.messages
    assert "without its engine" in message
    assert "NVIDIA L4" in message


def test_the_newest_engine_that_fits_is_found(
    engines: Path, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside damaged, unfinished and foreign ones, as for language models."""
    root = tmp_path / "engines"
    good = shutil.copytree(engine(engines), root / "good")
    for name, changes in (
        ("l4", {"product": L4.product, "capability": "8.9"}),
        ("release", {"versions": {"tensorrt": "10.13.3"}}),
        ("cut", {}),
        (".good.building-x", {}),
    ):
        folder = shutil.copytree(good, root / name)
        manifest = read_manifest(good)
        assert manifest is not None
        inputs = manifest.inputs.model_copy(update=changes)
        newer = {"inputs": inputs, "key": inputs.key, "built_at": f"2099-{name}"}
        write_manifest(folder, manifest.model_copy(update=newer))
    (root / "cut" / "snac.engine").write_bytes(b"half")
    monkeypatch.setattr(trt_session, "find_device", lambda: A100)
    assert find_codec_engine(checkpoint, root, "snac") == good
    shutil.rmtree(good)
    assert find_codec_engine(checkpoint, root, "snac") is None


def test_this_host_names_everything_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_engine, "find_device", lambda: None)
    with pytest.raises(MissingDependencyError, match=r"NVIDIA GPU.*package tensorrt.*Modal"):
        this_host()


@pytest.mark.parametrize("version", ["8.6.1", "11.2.1.2"])
def test_this_host_refuses_other_releases(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(codec_engine, "find_device", lambda: A100)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version)
    with pytest.raises(EngineError, match=r"not 10\.x.*install tensorrt==10\.14\.1\.48\.post1$"):
        this_host()


@pytest.mark.parametrize(
    "raised",
    [
        ImportError("libcudart.so.13: cannot open shared object file"),
        FileNotFoundError("Could not find: libnvinfer.so.10"),
        TypeError("pybind11::init(): factory function returned nullptr"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_this_host_says_why_tensorrt_does_not_import(
    monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    def fail(name: str) -> None:
        raise raised

    monkeypatch.setattr(codec_engine, "find_device", lambda: A100)
    monkeypatch.setattr(codec_engine, "tensorrt_version", lambda: "10.14.1.48.post1")
    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(
        EngineError, match=r"cannot import tensorrt 10\.14.*LD_LIBRARY_PATH"
    ) as error:
        this_host()
    assert str(raised) in str(error.value)


@pytest.mark.parametrize(
    ("of", "name", "steps"), [(SNAC, "snac-24khz", 32), (BICODEC, "bicodec", 160)]
)
def test_recipes(tmp_path: Path, of: EngineKind, name: str, steps: int) -> None:
    recipe = CodecRecipe.read(of)
    assert (recipe.name, recipe.steps, recipe.precision) == (name, steps, "fp32")
    path = tmp_path / "mine.toml"
    path.write_text('name = "x"\nsteps = 3\n')
    with pytest.raises(SettingError, match="steps"):
        CodecRecipe.read(of, path)
    with pytest.raises(SettingError, match="cannot be read"):
        CodecRecipe.read(of, tmp_path / "none.toml")
