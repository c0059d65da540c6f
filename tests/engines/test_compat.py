import sys
from types import ModuleType

import pytest

from engines import compat
from engines.compat import engine_api, engine_llm, installed_version, pytorch_llm
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
    monkeypatch.setattr(compat.importlib.metadata, "version", lambda package: version)
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


def test_every_module_imports_without_tensorrt_llm(monkeypatch):
    import importlib
    import pkgutil

    import engines

    monkeypatch.setitem(sys.modules, "tensorrt_llm", None)
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    for module in pkgutil.walk_packages(engines.__path__, "engines."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
