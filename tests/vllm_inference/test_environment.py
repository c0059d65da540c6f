import os
from itertools import product

import pytest

from vllm_inference.environment import before_start, flashinfer_sampler

ANY = [False, True]


@pytest.mark.parametrize(("v2", "cuda", "flashinfer"), list(product(ANY, ANY, ANY)))
def test_only_what_this_release_and_this_host_need(v2, cuda, flashinfer):
    added = before_start({}, v2_processors=v2, cuda=cuda, flashinfer=flashinfer)
    expected = {} if v2 else {"VLLM_USE_V2_MODEL_RUNNER": "0"}
    if cuda and not flashinfer:
        expected["VLLM_USE_FLASHINFER_SAMPLER"] = "0"
    assert added == expected


@pytest.mark.parametrize("value", ["0", "1", ""])
def test_what_the_caller_set_stays(value):
    given = {"VLLM_USE_V2_MODEL_RUNNER": value, "VLLM_USE_FLASHINFER_SAMPLER": value}
    assert before_start(given, v2_processors=False, cuda=True, flashinfer=False) == {}


@pytest.mark.parametrize(
    ("given", "programs", "packages", "found"),
    [
        ({}, [], [], False),
        ({}, [], ["flashinfer_jit_cache"], True),
        ({}, [], ["flashinfer_cubin"], False),  # it holds no sampler
        ({}, ["nvcc", "ninja"], [], True),
        ({}, ["nvcc"], [], False),
        ({}, ["ninja"], [], False),
        ({}, ["/usr/local/cuda/bin/nvcc", "ninja"], [], True),
        ({"CUDA_HOME": "/opt/cuda"}, ["/opt/cuda/bin/nvcc", "ninja"], [], True),
        ({"CUDA_PATH": "/opt/cuda"}, ["/opt/cuda/bin/nvcc", "ninja"], [], True),
        # FlashInfer looks no further than the folder it was given.
        ({"CUDA_HOME": "/opt/cuda"}, ["nvcc", "/usr/local/cuda/bin/nvcc", "ninja"], [], False),
        ({"CUDA_HOME": "/a", "CUDA_PATH": "/b"}, ["/b/bin/nvcc", "ninja"], [], False),
        ({"CUDA_HOME": ""}, ["nvcc", "ninja"], [], True),
    ],
)
def test_flashinfer_s_sampler_is_there_or_can_be_compiled(given, programs, packages, found):
    which = {name: name for name in programs}.get
    assert flashinfer_sampler(given, which, packages.__contains__) is found


def test_it_looks_at_this_host(tmp_path, monkeypatch):
    given = {"CUDA_HOME": str(tmp_path)}
    assert flashinfer_sampler(given) is False
    (tmp_path / "bin").mkdir()
    for program in ("nvcc", "ninja"):
        (tmp_path / "bin" / program).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin") + os.pathsep + os.environ["PATH"])
    assert flashinfer_sampler(given) is True
