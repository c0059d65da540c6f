"""The constraints of `tensorrt_llm`, resolved against the package index and imported. Minutes.

`make test-trtllm-install` installs what can be had anywhere and runs this with TRTLLM_PYTHON.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from packaging.version import Version

from tensorrt_tts.engine_folder.contract import contract_for
from tensorrt_tts.engine_folder.releases import CONSTRAINTS, PINNED
from tests.requirements.pins import ROOT, installable, left_out, pins, within
from tests.requirements.stub_wheels import write_wheel, write_wheels

PYTHON = os.environ.get("TRTLLM_PYTHON", "")

pytestmark = [
    pytest.mark.skipif(not PYTHON, reason="needs the environment of make test-trtllm-install"),
    pytest.mark.timeout(900),
]

EXTRAS = ("trtllm", "onnx", "server", "bench")


@pytest.fixture(scope="module")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stubs")
    write_wheels(folder)
    return folder


def resolve(constraints: Path, stubs: Path) -> subprocess.CompletedProcess[str]:
    """This package with its extras under the constraints, as the index has it today."""
    return subprocess.run(
        [
            *(PYTHON, "-m", "uv", "pip", "compile", "pyproject.toml", "--quiet"),
            *(option for extra in EXTRAS for option in ("--extra", extra)),
            *("--python", PYTHON, "--constraints", str(constraints), "--find-links", str(stubs)),
            *("--python-version", contract_for(PINNED).requires["python"]),
            *("--python-platform", "x86_64-manylinux_2_28"),
            *("--no-header", "--no-annotate"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def resolved(lines: str) -> dict[str, str]:
    return dict(line.split("==") for line in lines.splitlines())


def changed(folder: Path, **others: str | None) -> Path:
    """The constraints with other versions, or without, some packages."""
    path = folder / "constraints.txt"
    mine = pins() | {name.replace("_", "-"): version for name, version in others.items()}
    lines = [f"{name}=={version}" for name, version in mine.items() if version]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_constraints_resolve_and_are_complete(stubs: Path) -> None:
    """Nothing floats, nothing is left from an earlier release."""
    done = resolve(ROOT / CONSTRAINTS, stubs)
    assert done.returncode == 0, done.stderr
    assert resolved(done.stdout) == pins()


def test_without_its_pin_a_package_floats(stubs: Path, tmp_path: Path) -> None:
    done = resolve(changed(tmp_path, openai=None), stubs)
    assert done.returncode == 0, done.stderr
    assert resolved(done.stdout)["openai"] != pins()["openai"]


@pytest.mark.parametrize(
    "others",
    [
        {"nvidia_cuda_nvrtc": "13.5.37"},  # today's; torch's CUDA 13 build pins 13.0
        {"nvidia_nccl_cu13": "2.28.9"},
        {"torch": "2.9.1+cu128"},
        {"numpy": "2.2.6"},
    ],
    ids=str,
)
def test_what_does_not_go_together_does_not_resolve(
    stubs: Path, tmp_path: Path, others: dict[str, str]
) -> None:
    done = resolve(changed(tmp_path, **others), stubs)
    assert done.returncode != 0
    assert "No solution" in done.stderr, done.stderr


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_the_cuda_12_build_of_the_same_number_is_replaced(
    stubs: Path, tmp_path: Path, installer: str
) -> None:
    """The first command of engines/README.md, on a host that has the usual build already."""
    usual, home = tmp_path / "usual", tmp_path / "venv"
    usual.mkdir()
    for name in ("torch", "torchvision"):
        write_wheel(usual, name, Version(pins()[name]).public, ())
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", str(home)], check=True)
    python = str(home / "bin" / "python")
    install = {
        "pip": [PYTHON, "-m", "pip", "--isolated", "--python", python, "install"],
        "uv": [PYTHON, "-m", "uv", "pip", "install", "--python", python],
    }[installer]
    for folder, options in ((usual, []), (stubs, ["-c", str(ROOT / CONSTRAINTS)])):
        offline = ["--quiet", "--no-index", "--no-deps", "--find-links", str(folder)]
        subprocess.run([*install, *offline, *options, "torch", "torchvision"], check=True)
    found = sorted(path.name for path in home.rglob("torch*.dist-info"))
    assert found == [f"{name}-{pins()[name]}.dist-info" for name in ("torch", "torchvision")]


def test_what_is_installed_is_what_is_pinned() -> None:
    listed = subprocess.run(
        [PYTHON, "-m", "pip", "list", "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = {
        one["name"].lower().replace("_", "-").replace(".", "-"): one["version"]
        for one in json.loads(listed.stdout)
    }
    assert {name: found.get(name) for name in installable()} == installable()


def test_everything_imports() -> None:
    """In one process, as `import tensorrt_llm` imports them."""
    done = subprocess.run(
        [PYTHON, str(Path(__file__).with_name("import_all.py"))],
        input=json.dumps(list(installable())),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, dict[str, str | None]] = json.loads(done.stdout)
    has_torch = "No module named 'torch'" not in str(found["snac"])
    failed = {
        package: problems
        for package, modules in found.items()
        if (problems := {module: said for module, said in modules.items() if said})
    }
    assert set(failed) == (set() if has_torch else set(left_out("needs_torch"))), failed
    for package, problems in failed.items():
        assert set(problems.values()) == {"ModuleNotFoundError: No module named 'torch'"}, package
    assert {package for package, modules in found.items() if not modules} == {
        name for name in installable() if within(name, "no_module")
    }
    print(f"\n{sum(map(len, found.values()))} modules of {len(found)} packages, torch {has_torch}")
