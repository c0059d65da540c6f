"""What the shell is given by `make`: each value as one word, whatever is in it."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ODD = ("a b", "it's", 'say "hi" $5 `x`', "a;b && c|d #e", "~/engines")

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def words(target: str, **given: str) -> list[str]:
    """Of its last command, which is not run."""
    variables = [f"{name}={value.replace('$', '$$')}" for name, value in given.items()]
    done = subprocess.run(
        [
            "make",
            "--dry-run",
            "--no-print-directory",
            target,
            "PYTHON=py",
            "VLLM_PYTHON=py",
            *variables,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return shlex.split(done.stdout.replace("\\\n", " ").splitlines()[-1])


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    ("target", "name"),
    [
        *((target, "CHECKPOINT") for target in ("plan", "build-engine")),
        *(("plan", name) for name in ("MODEL", "GPU", "PRECISION", "KV")),
        *(("build-engine", name) for name in ("ENGINES", "CALIBRATION")),
        ("check-engine", "DIR"),
        ("verify-engine", "DIR"),
        *((f"{what}-snac", "CODEC") for what in ("export", "build")),
        *((f"{what}-bicodec", "SPARK") for what in ("export", "build")),
        *(("cut-vocabulary", name) for name in ("MODEL", "OUTPUT")),
        *(("build-engine-modal", name) for name in ("MODEL", "GPU", "PRECISION", "KV")),
        ("speak-modal", "TEXT"),
        ("parity-modal", "MODEL"),
        ("demo-vllm", "TEXT"),
        ("demo", "SENTENCE"),
    ],
)
def test_one_value_is_one_word(target: str, name: str, odd: str) -> None:
    assert odd in words(target, **{name: odd})


@pytest.mark.parametrize("target", ["check-engine", "verify-engine"])
@pytest.mark.parametrize("given", [[], ["DIR="]])
def test_a_folder_that_is_missing_is_one_line(target: str, given: list[str]) -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", target, "PYTHON=py", *given],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    (line,) = done.stderr.splitlines()
    assert f"DIR is missing; give an engine's folder, such as make {target} DIR=" in line
    assert (done.returncode, done.stdout) == (2, "")
