"""The Modal apps: importable with no account and no warning, and run on CPU by `.local()`."""

from __future__ import annotations

import io
import subprocess
import sys
import tomllib
import wave
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

modal = pytest.importorskip("modal")

from deploy import build_engine, images, inference_l4, parity, vllm_image  # noqa: E402
from deploy.jobs import sequential  # noqa: E402
from deploy.jobs.speaker import BENCHMARK_TEXTS  # noqa: E402
from engines.gpus import GPUS, gpu  # noqa: E402
from tensorrt_tts.engine_folder.contract import contract_for  # noqa: E402
from tensorrt_tts.engine_folder.releases import CONSTRAINTS, PINNED  # noqa: E402
from tensorrt_tts.errors import (  # noqa: E402
    ImpossiblePlanError,
    MissingDependencyError,
    SettingError,
    TextError,
    TTSError,
    UnknownVoiceError,
)
from tests.support.tiny_orpheus import tiny_model_folders  # noqa: E402

import inference_a100_optimized as a100  # noqa: E402  # isort: skip

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*executing locally and will not have access to the mounted Volume:UserWarning"
)

ROOT = Path(__file__).parents[2]
APPS = {
    "inference_a100_optimized": ROOT / "inference_a100_optimized.py",
    **{f"deploy.{name}": ROOT / "deploy" / f"{name}.py" for name in ("build_engine", "parity")},
    "deploy.inference_l4": ROOT / "deploy" / "inference_l4.py",
}


def parameters() -> dict[str, str]:
    model, codec = tiny_model_folders()
    return {"model": str(model), "codec": str(codec), "backend": "reference", "device": "cpu"}


@pytest.mark.parametrize("name", APPS)
def test_imports_without_account_or_warning(name: str, tmp_path: Path) -> None:
    """No token, no network, no GPU packages, and nothing heavy: Modal imports it to deploy it."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('tensorrt_llm', 'tensorrt', 'vllm')));"
        f"import {name}; assert 'torch' not in sys.modules, 'torch was imported'"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr[-2000:]


@pytest.mark.parametrize("path", APPS.values(), ids=APPS)
def test_apps_are_thin(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 100


def test_a100_speaks_streams_and_measures() -> None:
    inference = a100.Inference(**parameters())
    try:
        wav, timing = inference.speak.local("Hello there.")
        with wave.open(io.BytesIO(wav)) as file:
            assert file.getframerate() == 24000
            assert file.getnframes() == pytest.approx(timing["audio_s"] * 24000)
        assert timing["tokens"] > 0
        assert timing["phases"] == {}
        chunks = list(inference.stream.local("Hello there."))
        assert len(chunks) > 1
        assert all((rate, len(pcm) % 2) == (24000, 0) for rate, pcm in chunks)
        table = inference.benchmark.local(runs=1)
        lengths = [str(len(text)) for text in BENCHMARK_TEXTS]
        assert [line.split()[0] for line in table.splitlines()] == ["chars", *lengths]
        with pytest.raises(UnknownVoiceError, match="tara"):
            inference.speak.local("Hello.", voice="nobody")
    finally:
        inference.speaker.close()


@pytest.mark.parametrize("in_turn", [False, True])
def test_l4_speaks(in_turn: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequential, "free_bytes", lambda device: 1 << 40)  # on a full machine too
    wav, timing = inference_l4.Inference(**parameters()).speak.local("Hi.", in_turn=in_turn)
    with wave.open(io.BytesIO(wav)) as file:
        assert file.getnframes() > 0
    phases = ["load the language model", "generate", "unload", "load the codec", "decode"]
    assert list(timing["phases"]) == (phases if in_turn else [])


def test_parity_on_cpu() -> None:
    job = parity.Parity(**parameters())
    same, table = job.compare.local(prompts=1)
    assert same
    assert "text-1" in table
    job.speaker.close()


def test_build_names_what_is_missing_here() -> None:
    with pytest.raises(MissingDependencyError, match=r"tensorrt_llm==1\.2\.1.*NVIDIA GPU"):
        build_engine.Builder().build.local("orpheus-3b")


def test_a_plan_is_refused_before_a_gpu_is_rented() -> None:
    assert "orpheus-3b" in build_engine.plan_text("a100", "orpheus-3b")
    with pytest.raises(ImpossiblePlanError):
        build_engine.plan_text("a100", "orpheus-3b", "fp8")


def test_every_gpu_has_modals_name() -> None:
    assert set(images.GPUS) == set(GPUS)
    for name, at_modal in images.GPUS.items():
        assert gpu(at_modal).name == name


@pytest.mark.parametrize(
    ("given", "at_modal"),
    [
        ("A100", "A100-80GB"),
        ("a100-40GB", "A100-40GB"),
        (" L4", "L4"),
        ("A10", "A10"),
        ("H100!", "H100!"),
    ],
)
def test_the_gpu_that_was_planned_for_is_the_one_that_is_rented(
    given: str, at_modal: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rented = []

    class Cls:
        @staticmethod
        def with_options(gpu: str) -> Any:
            rented.append(gpu)
            return lambda: SimpleNamespace(build=SimpleNamespace(remote=lambda *what: what))

    monkeypatch.setattr(build_engine, "Builder", Cls)
    build_engine.main.info.raw_f(given)
    assert rented == [at_modal]
    assert f"on {gpu(given).name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"text": "…"}, TextError),
        ({"text": ""}, TextError),
        ({"voice": "nobody"}, UnknownVoiceError),
        ({"text": "<custom_token_5>"}, TextError),
    ],
)
@pytest.mark.parametrize("app", [a100, inference_l4], ids=lambda app: app.__name__)
def test_a_request_is_refused_before_a_gpu_is_rented(
    app: ModuleType, given: dict[str, str], error: type[TTSError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "Inference", None)
    with pytest.raises(error):
        app.main.info.raw_f(**given)


@pytest.mark.parametrize(
    ("precision", "error"),
    [("fp99", SettingError), ("int7", SettingError), ("int4-awq+kv-int4", SettingError)],
)
def test_so_is_a_precision(
    precision: str, error: type[TTSError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference_l4, "Inference", None)
    with pytest.raises(error):
        inference_l4.main.info.raw_f(precision=precision)
    assert images.GPUS["h100"] == "H100!"  # not "or better": an engine fits one GPU


class Recorder:
    """Stands for `modal.Image`: every call returns it, and is kept."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple, dict]] = []

    def __getattr__(self, name: str):
        def call(*arguments, **keywords):
            self.calls.append((name, arguments, keywords))
            return self

        return call

    def made(self, name: str) -> list[tuple[tuple, dict]]:
        return [(given, options) for call, given, options in self.calls if call == name]


def record(monkeypatch: pytest.MonkeyPatch, make: Callable[..., object], *extra: str) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(modal, "Image", recorder)
    make(*extra)
    return recorder


def installs(recorder: Recorder) -> list[str]:
    """The commands that Modal's uv_pip_install writes, abridged."""
    lines = []
    for packages, options in recorder.made("uv_pip_install"):
        indexes = [f"--{name} {value}" for name, value in options.items() if "index_url" in name]
        lines.append(" ".join([*packages, *indexes, options.get("extra_options", "")]))
    return lines


def test_image_is_the_contracts(monkeypatch: pytest.MonkeyPatch) -> None:
    image = record(monkeypatch, images.trtllm_image)
    requires = contract_for(PINNED).requires
    assert image.made("from_registry") == [
        ((requires["base_image"],), {"add_python": requires["python"]})
    ]
    assert image.made("apt_install")[0][0] == tuple(requires["apt"].split())
    ((sources, options),) = image.made("add_local_python_source")
    assert set(sources) >= {"tensorrt_tts", "engines", "deploy"}
    assert options == {"ignore": ["**/__pycache__/**"]}  # Modal's default drops data files


def test_every_install_of_the_image_takes_the_constraints(monkeypatch: pytest.MonkeyPatch) -> None:
    image = record(monkeypatch, images.trtllm_image, "uvicorn~=0.54.0")
    ((local, remote), options) = image.made("add_local_file")[0]
    assert local == ROOT / CONSTRAINTS
    assert local.is_file()
    assert options == {"copy": True}  # in the image while it is built
    names = [name for name, _, _ in image.calls]
    assert names.index("add_local_file") < names.index("uv_pip_install")
    lines = installs(image)
    assert [line.split()[0] for line in lines] == [
        "torch",
        f"tensorrt_llm=={PINNED}",
        images.RUNTIME[0],
    ]
    assert all(f"--constraints {remote}" in line for line in lines)
    assert "uvicorn~=0.54.0" in lines[-1]


@pytest.mark.parametrize(
    ("variables", "torch", "others"),
    [
        ({}, "--torch-backend=cu130", "--extra_index_url None"),
        ({"TORCH_INDEX": "https://torch.invalid"}, "--index_url https://torch.invalid", "None"),
        (
            {"TENSORRT_LLM_INDEX": "https://nvidia.invalid"},
            "--torch-backend=cu130",
            "--extra_index_url https://nvidia.invalid",
        ),
    ],
    ids=str,
)
def test_indexes_of_the_image(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], torch: str, others: str
) -> None:
    for name in ("TORCH_INDEX", "TENSORRT_LLM_INDEX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    first, *rest = installs(record(monkeypatch, images.trtllm_image))
    assert first.startswith("torch torchvision")
    assert "--no-deps" in first
    assert torch in first
    assert ("--torch-backend" in first) != ("TORCH_INDEX" in variables)  # it would outdo the index
    assert all(others in line and "--no-deps" not in line for line in rest)


@pytest.mark.parametrize("make", [images.trtllm_image, vllm_image.vllm_image])
def test_what_a_start_compiles_is_kept(make, monkeypatch: pytest.MonkeyPatch) -> None:
    (((variables,), _),) = record(monkeypatch, make).made("env")
    for name in ("VLLM_CACHE_ROOT", "TRITON_CACHE_DIR", "FLASHINFER_WORKSPACE_BASE", "HF_HOME"):
        assert Path(variables[name]).is_relative_to(images.VOLUME_PATH)


def test_vllms_image_has_a_cuda_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """vLLM's default sampler is compiled at its start."""
    (((base,), options),) = record(monkeypatch, vllm_image.vllm_image).made("from_registry")
    assert "-devel-" in base
    assert options == {"add_python": vllm_image.PYTHON}


def test_a_container_commits_and_a_local_run_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[str] = []
    monkeypatch.setattr(images, "volume", SimpleNamespace(commit=lambda: commits.append("here")))
    images.persist()
    assert commits == []
    monkeypatch.setattr(images.modal, "is_local", lambda: False)
    images.persist()
    assert commits == ["here"]


def test_runtime_dependencies_are_the_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned_by_engine = {
        "numpy>=1.26",
        "torch>=2.6",
        "transformers>=4.48",
        "tokenizers",
        "safetensors",
        "huggingface_hub",
    }
    assert set(images.RUNTIME) == set(project["dependencies"]) - pinned_by_engine


def test_modal_is_not_needed_by_the_packages() -> None:
    found = [
        path
        for package in ("tensorrt_tts", "engines", "benchmarks", "deploy/jobs")
        for path in (ROOT / package).rglob("*.py")
        if "import modal" in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_apps_have_distinct_names() -> None:
    apps: list[ModuleType] = [a100, build_engine, inference_l4, parity]
    assert len({module.app.name for module in apps}) == len(apps)
