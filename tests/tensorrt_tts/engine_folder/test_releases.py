import sys
from types import ModuleType

import pytest

from tensorrt_tts.engine_folder import releases
from tensorrt_tts.engine_folder.releases import (
    engine_api,
    engine_llm,
    installed_version,
    pytorch_llm,
    tensorrt_version,
)
from tensorrt_tts.errors import EngineError, MissingDependencyError


@pytest.mark.parametrize(
    ("version", "module", "contract"),
    [
        ("0.21.0", "tensorrt_llm", "0.21.0"),
        ("0.21.0.post1", "tensorrt_llm", "0.21.0"),
        ("1.0.0", "tensorrt_llm._tensorrt_engine", "1.2.1"),
        ("1.1.0", "tensorrt_llm._tensorrt_engine", "1.2.1"),
        ("1.2.0rc3", "tensorrt_llm._tensorrt_engine", "1.2.1"),
        ("1.2.1", "tensorrt_llm._tensorrt_engine", "1.2.1"),
    ],
)
def test_where_the_engine_class_is(version, module, contract):
    api = engine_api(version)
    assert (api.llm_module, api.contract, api.version) == (module, contract, version)


@pytest.mark.parametrize(
    ("version", "says"),
    [
        ("0.20.0", "older than 0.21.0"),
        ("1.3.0rc0", "newer than 1.2.1"),
        ("1.3.0rc20", "newer than 1.2.1"),
        ("1.3.0rc22", "has no TensorRT backend"),
        ("1.4.0rc1", "has no TensorRT backend"),
        ("2.0", "has no TensorRT backend"),
        ("nightly", "not a version"),
    ],
)
def test_other_releases_are_refused_with_the_remedy(version, says):
    with pytest.raises(EngineError, match=says) as caught:
        engine_api(version)
    assert "install tensorrt_llm==1.2.1" in str(caught.value)
    assert "\n" not in str(caught.value)


def _install(monkeypatch, version, **modules):
    monkeypatch.setattr(releases.importlib.metadata, "version", lambda package: version)
    for name, members in modules.items():
        module = ModuleType(name)
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, name.replace("__", "."), module)


def test_engine_llm_of_either_place(monkeypatch):
    old, new = object(), object()
    _install(monkeypatch, "0.21.0", tensorrt_llm={"LLM": old})
    assert engine_llm() is old
    _install(monkeypatch, "1.2.1", tensorrt_llm___tensorrt_engine={"LLM": new})
    assert engine_llm() is new


def test_pytorch_llm_has_no_upper_bound(monkeypatch):
    made = object()
    _install(monkeypatch, "1.4.0", tensorrt_llm={"LLM": made})
    assert pytorch_llm() is made
    _install(monkeypatch, "0.21.0", tensorrt_llm={"LLM": made})
    with pytest.raises(EngineError, match=r"install tensorrt_llm>=1\.0"):
        pytorch_llm()


@pytest.mark.parametrize("version", ["", "nightly", "1.2.1-main", "v1.3 rc", "0+unknown.dirty!"])
def test_what_is_no_version_is_said_alike_of_either_backend(monkeypatch, version):
    _install(monkeypatch, version, tensorrt_llm={"LLM": object()})
    said = []
    for ask in (pytorch_llm, engine_llm):
        with pytest.raises(EngineError, match="not a version; install tensorrt_llm==") as caught:
            ask()
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_not_installed():
    with pytest.raises(MissingDependencyError, match="make build-engine-modal"):
        installed_version()
    with pytest.raises(MissingDependencyError, match="GPU host"):
        engine_llm()


def test_installed_but_broken(monkeypatch):
    _install(monkeypatch, "1.2.1")
    monkeypatch.setitem(sys.modules, "tensorrt_llm", None)  # `import` then raises ImportError
    with pytest.raises(EngineError, match=r"cannot import tensorrt_llm\._tensorrt_engine\.LLM"):
        engine_llm()


@pytest.mark.parametrize(
    "raised",
    [
        AssertionError(),  # deep_gemm's, without a CUDA toolkit
        ImportError("pyarrow requires NumPy 2.0 or newer, found 1.26.4"),
        OSError("libnvrtc.so.13: cannot open shared object file: No such file or directory"),
        RuntimeError("MPI_Init_thread failed\nwith a page of details"),
        ValueError("numpy.dtype size changed, may indicate binary incompatibility"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_the_import_raises_is_one_line_with_the_remedy(monkeypatch, raised):
    def fail(module):
        raise raised

    monkeypatch.setattr(releases.importlib, "import_module", fail)
    with pytest.raises(EngineError) as caught:
        releases.load("tensorrt_llm", "LLM")
    said = str(caught.value)
    assert "\n" not in said
    assert (str(raised).splitlines() or ["AssertionError"])[0] in said
    for needed in ("CUDA_HOME", "LD_LIBRARY_PATH", "libopenmpi-dev", releases.CONSTRAINTS):
        assert needed in said


@pytest.mark.parametrize(
    ("packages", "found"),
    [
        ({"tensorrt": "10.14.1.48.post1", "tensorrt-cu13": "10.14.1.48.post1"}, "10.14.1.48.post1"),
        ({"tensorrt-cu13": "10.14.1.48.post1"}, "10.14.1.48.post1"),
        ({"tensorrt-cu12": "10.11.0.33"}, "10.11.0.33"),
        ({"tensorrt-llm": "1.2.1"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_tensorrt_whichever_package_brought_it(monkeypatch, tmp_path, packages, found):
    for name, version in packages.items():
        folder = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    assert tensorrt_version() == found


def test_every_module_imports_without_tensorrt_llm(monkeypatch):
    import importlib
    import pkgutil

    import engines
    from tensorrt_tts import engine_folder

    monkeypatch.setitem(sys.modules, "tensorrt_llm", None)
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    for package in (engines, engine_folder):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
