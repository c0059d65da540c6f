import os

import pytest

from engines import host
from engines.gpus import ComputeCapability
from engines.host import Device, find_device, free_disk, host_memory


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


@pytest.mark.parametrize(
    "body",
    ["exit 9", 'echo "No devices were found"', "true", 'echo "NVIDIA L4, [N/A], 8.9, 580"'],
)
def test_no_gpu(nvidia_smi, body):
    nvidia_smi(body)
    assert find_device() is None


def test_a_driver_that_hangs(nvidia_smi):
    nvidia_smi("exec sleep 60")
    assert find_device(timeout=0.2) is None


def test_no_driver(monkeypatch):
    monkeypatch.setattr(host.shutil, "which", lambda name: None)
    assert find_device() is None


def test_memory_and_disk(tmp_path):
    assert host_memory() > 10**8
    assert free_disk(tmp_path / "not" / "yet") == pytest.approx(free_disk(tmp_path), rel=0.1)
