"""The constraints of `tensorrt_llm` against everything that names the same versions."""

from __future__ import annotations

import re
import tomllib
from fnmatch import filter as matching

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tensorrt_tts.engine_folder.contract import contract_for
from tensorrt_tts.engine_folder.releases import CONSTRAINTS, PINNED, TENSORRT, WAYS_ON
from tests.requirements.pins import ROOT, Group, left_out, pins

PINS = pins()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = ("trtllm", "onnx", "server", "bench")
"""What the constraints are for."""


def requirements(*extras: str) -> list[Requirement]:
    """Of this package and these extras, as they hold on the constraints' Python."""
    listed = [*PROJECT["dependencies"]]
    for extra in extras:
        listed += PROJECT["optional-dependencies"][extra]
    found = [Requirement(line) for line in listed]
    python = {"python_version": contract_for(PINNED).requires["python"]}
    return [one for one in found if one.marker is None or one.marker.evaluate(python)]


def test_file_names_the_pinned_release() -> None:
    assert f"requirements/trtllm-{PINNED}.txt" == CONSTRAINTS


def test_every_pin_is_one_exact_version_of_one_package() -> None:
    lines = (ROOT / CONSTRAINTS).read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if not line.startswith("#")]
    assert len(pinned) == len(PINS)
    assert pinned == sorted(pinned)
    for name, version in PINS.items():
        assert name == canonicalize_name(name)
        assert str(Version(version)) == version


def test_pins_are_the_contracts() -> None:
    requires = contract_for(PINNED).requires
    assert PINS["tensorrt-llm"] == PINNED
    assert PINS["transformers"] == requires["transformers"]
    assert Version(PINS["tensorrt"]).base_version.startswith(requires["tensorrt"])
    torch = Version(PINS["torch"])
    assert torch.public == requires["torch"]
    for name in ("torch", "torchvision"):  # the build for the contract's CUDA, not just the number
        assert Version(PINS[name]).local == "cu" + requires["cuda"].replace(".", "")


def test_one_cuda() -> None:
    """A second runtime beside the first overwrites its files."""
    cuda = contract_for(PINNED).requires["cuda"]
    assert [name for name in PINS if name.endswith(("-cu11", "-cu12"))] == []
    for name in ("cuda-toolkit", "nvidia-cuda-nvrtc", "nvidia-cuda-runtime", "nvidia-cuda-cupti"):
        assert PINS[name].startswith(f"{cuda}.")


def test_one_tensorrt_and_the_hint_names_it() -> None:
    parts = ("tensorrt", "tensorrt-cu13", "tensorrt-cu13-bindings", "tensorrt-cu13-libs")
    assert {PINS[part] for part in parts} == {TENSORRT}


def test_pyarrow_fits_numpy() -> None:
    """`import pyarrow` 26 raises beside numpy 1, and `import tensorrt_llm` imports it."""
    assert Version(PINS["numpy"]) < Version("2")
    assert Version(PINS["pyarrow"]) < Version("26")
    (asked,) = [one for one in requirements("trtllm") if one.name == "pyarrow"]
    assert "26.0.0" not in asked.specifier
    assert PINS["pyarrow"] in asked.specifier


@pytest.mark.parametrize("asked", requirements(*EXTRAS), ids=str)
def test_every_requirement_is_pinned_within_what_it_asks(asked: Requirement) -> None:
    assert PINS[canonicalize_name(asked.name)] in asked.specifier


def test_the_extra_asks_for_the_release() -> None:
    assert f"tensorrt_llm=={PINNED}" in {
        f"{one.name}{one.specifier}" for one in requirements("trtllm")
    }


@pytest.mark.parametrize("group", ["not_installed", "needs_torch", "no_module"])
def test_what_is_left_out_is_pinned_and_has_a_reason(group: Group) -> None:
    for pattern, reason in left_out(group).items():
        assert matching(PINS, pattern), pattern
        assert reason


def installs(text: str) -> list[str]:
    """Commands in `text` that install the extra."""
    return re.findall(r"pip install[^\n`]*\[[a-z,]*trtllm[^\n`]*", text.replace("\\\n", ""))


def test_every_command_that_installs_the_extra_takes_the_constraints() -> None:
    texts = {"compat": WAYS_ON}
    for path in (*ROOT.glob("*.md"), *ROOT.glob("[a-z]*/**/*.md"), *ROOT.glob("make/*.mk")):
        texts[str(path)] = path.read_text(encoding="utf-8")
    found = {where: commands for where, text in texts.items() if (commands := installs(text))}
    assert {"compat", str(ROOT / "engines" / "README.md")} <= set(found)
    for where, commands in found.items():
        for command in commands:
            assert f"-c {CONSTRAINTS}" in command, where


def test_the_search_finds_what_it_should() -> None:
    assert installs("after `pip install '.[trtllm]'` there")
    assert installs("    ~/trtllm/bin/pip install -c file \\\n        '.[server,trtllm,onnx]'")
    assert not installs("pip install '.[vllm]'")
