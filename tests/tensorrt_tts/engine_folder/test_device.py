import os

import pytest

from tensorrt_tts.engine_folder import device
from tensorrt_tts.engine_folder.device import ComputeCapability, Device, find_device


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Puts a script of that name first on PATH."""

    def install(body):
        path = tmp_path / "nvidia-smi"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return install


def test_a_gpu(nvidia_smi):
    nvidia_smi('echo "NVIDIA L4, 23034, 8.9, 580.65.06"')
    assert find_device() == Device("NVIDIA L4", 23034, ComputeCapability(8, 9), "580.65.06")


@pytest.mark.parametrize("memory", ["[N/A]", "[Not Supported]"])
def test_a_gpu_in_the_memory_of_its_host(nvidia_smi, memory):
    nvidia_smi(f'echo "NVIDIA GB10, {memory}, 12.1, 580.95.05"')
    found = find_device()
    assert found.product == "NVIDIA GB10"
    assert 256 < found.memory_mib < 1 << 30


@pytest.mark.parametrize(
    "body",
    [
        "exit 9",
        'echo "No devices were found"',
        "true",
        'echo "NVIDIA L4, [Unknown Error], 8.9, 580"',
    ],
)
def test_no_gpu(nvidia_smi, body):
    nvidia_smi(body)
    assert find_device() is None


def test_a_driver_that_hangs(nvidia_smi):
    nvidia_smi("exec sleep 60")
    assert find_device(timeout=0.2) is None


def test_no_driver(monkeypatch):
    monkeypatch.setattr(device.shutil, "which", lambda name: None)
    assert find_device() is None


def test_compute_capability():
    assert ComputeCapability.parse("8.9").sm == 89
    assert ComputeCapability.parse(" 12.0\n").sm == 120
    assert not ComputeCapability(8, 6).fp8
    assert ComputeCapability(9, 0).fp8
    with pytest.raises(ValueError, match="invalid literal"):
        ComputeCapability.parse("[N/A]")
