"""What a command says of itself reaches a terminal that has only ASCII."""

import os
import subprocess
import sys

import pytest

COMMANDS = (
    "benchmarks",
    "benchmarks device",
    "benchmarks.scoring",
    "plot_metrics",
    "tensorrt_tts speak",
    "engines build",
    "tensorrt_tts.client",
    "vllm_inference.client",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_in_the_c_locale(command):
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = subprocess.run(
        [sys.executable, "-m", *command.split(), "--help"],
        env=os.environ | locale,
        capture_output=True,
        timeout=240,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.startswith(b"usage: ")
