"""Tests that take the device as a parameter: on a CPU in the default suite, on CUDA by
`make test-gpu`, where what a host lacks is skipped and said."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)], scope="module")
def device(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if name == "cuda" and not torch.cuda.is_available():
        pytest.skip("no NVIDIA GPU here, or torch was installed without CUDA")
    return name
