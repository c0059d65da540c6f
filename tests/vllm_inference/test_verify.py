"""The real vLLM against the reference backend, on the voice that ships: on its CPU build by `make
test-vllm`, on a GPU by `make test-gpu`."""

from __future__ import annotations

import pytest

from engines.verify import Size
from engines.verify_command import Wanted, verify_backend
from tensorrt_tts.checkpoint_folder import demo_folder
from tensorrt_tts.errors import MissingDependencyError
from vllm_inference import bindings

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("default"),  # vLLM's dependencies warn while they are imported
]

SIZE = Size(prompts=3, spoken=28, read=10, far_spoken=140, far=10, generated=14)


@pytest.mark.parametrize(
    "device",
    [pytest.param("cpu", marks=pytest.mark.vllm), pytest.param("cuda", marks=pytest.mark.gpu)],
)
def test_vllm_speaks_its_weights_language(device: str) -> None:
    try:
        found = bindings.load().device
    except MissingDependencyError as error:
        pytest.skip(str(error))
    if found != device:
        pytest.skip(f"the vLLM installed is built for {found}")
    wanted = Wanted(str(demo_folder("codec")), device=device, size=SIZE)
    verdict, _ = verify_backend("vllm", str(demo_folder("lm")), wanted)
    assert verdict.same, verdict.table()
