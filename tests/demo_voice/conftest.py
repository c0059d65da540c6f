from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def denormals_stay() -> Iterator[None]:
    """Training flushes them to zero, in a process that does nothing else."""
    yield
    torch.set_flush_denormal(False)
