from typing import Any

import pytest
import torch

from tensorrt_tts.backends.decoders.batched import BLOCK, ROWS, BatchedDecoder
from tests.support.language_models import ONNX, model_of


@pytest.mark.parametrize("odd", [(), (4,), (8, 12), (4, 8, 12)])
def test_a_step_has_no_size_that_gives_other_bits(
    monkeypatch: pytest.MonkeyPatch, odd: tuple[int, ...]
) -> None:
    """As on a processor whose kernels differ more than this one's."""
    real = BatchedDecoder._layers

    def other(self: BatchedDecoder, x: torch.Tensor, *arguments: Any) -> torch.Tensor:
        found = real(self, x, *arguments)
        if len(x) in odd:
            found[-1, 0] *= 1 + 2e-7
        return found

    monkeypatch.setattr(BatchedDecoder, "_layers", other)
    found = BatchedDecoder(model_of(ONNX["llama"]), 700)
    assert not set(found._sizes) & set(odd)
    assert found.rows == ROWS[-1]


def test_memory_is_taken_in_blocks() -> None:
    cache = BatchedDecoder(model_of(ONNX["llama"]), 700).open()
    taken = []
    for count in (0, 1, BLOCK - 1, 1, BLOCK):
        if count:
            cache.room(count)
        cache.length += count
        taken.append(cache._store.shape[4])
    assert taken == [0, BLOCK, BLOCK, 2 * BLOCK, 3 * BLOCK]
    cache.free()
    assert cache._store.numel() == 0
