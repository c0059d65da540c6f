from typing import Any

import pytest

from tensorrt_tts.backends.decoders import choose
from tensorrt_tts.backends.decoders.batched import BatchedDecoder
from tensorrt_tts.backends.decoders.choose import decoder
from tensorrt_tts.backends.decoders.onnx import OnnxDecoder
from tensorrt_tts.backends.decoders.sequential import SequentialDecoder
from tests.support.language_models import BATCHED, ONNX, SEQUENTIAL, model_of

KINDS = [(ONNX, OnnxDecoder), (BATCHED, BatchedDecoder), (SEQUENTIAL, SequentialDecoder)]


@pytest.mark.parametrize(
    ("config", "kind"), [(config, kind) for configs, kind in KINDS for config in configs.values()]
)
def test_who_runs_what(config: Any, kind: type) -> None:
    assert type(decoder(model_of(config), 700, 4)) is kind


def test_half_precision_is_torch_s() -> None:
    assert type(decoder(model_of(ONNX["llama"]).bfloat16(), 700, 4)) is BatchedDecoder


def test_operators_that_do_not_treat_rows_alike_are_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(OnnxDecoder, "agrees", lambda _: False)
    assert type(decoder(model_of(ONNX["llama"]), 700, 4)) is BatchedDecoder


def test_without_onnx_runtime_it_is_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "find_spec", lambda name: None)
    assert type(decoder(model_of(ONNX["llama"]), 700, 4)) is BatchedDecoder


def test_weights_that_come_from_memory_are_read_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "_CPU_CACHE", 1000)
    assert decoder(model_of(ONNX["llama"]), 700, 4).rows == 1
