"""Decoders against `transformers`' own forward pass, and a sequence against itself alone."""

from typing import Any

import numpy as np
import pytest
import torch

from tensorrt_tts.backends.decoders.batched import BLOCK, BatchedDecoder
from tensorrt_tts.backends.decoders.onnx import OnnxDecoder
from tensorrt_tts.backends.decoders.sequential import SequentialDecoder
from tests.support.language_models import BATCHED, ONNX, SEQUENTIAL, ids, model_of, play


def onnx(model: Any) -> OnnxDecoder:
    return OnnxDecoder(model, 700, 16)


def batched(model: Any) -> BatchedDecoder:
    return BatchedDecoder(model, 700)


KINDS = [onnx, batched, SequentialDecoder]


@pytest.mark.parametrize("chunk", [1000, 7, 1])
@pytest.mark.parametrize(
    ("config", "kind"),
    [(config, onnx) for config in ONNX.values()]
    + [(config, batched) for config in (ONNX | BATCHED).values()]
    + [(config, SequentialDecoder) for config in SEQUENTIAL.values()],
)
@torch.inference_mode()
def test_logits_are_transformers_own(config: Any, kind: Any, chunk: int) -> None:
    model = model_of(config)
    prompt, spoken = ids(20, 1), ids(9, 2)
    whole = model(input_ids=torch.cat((prompt, spoken))[None])
    expected = whole.logits[0, len(prompt) - 1 :].numpy()
    if config is SEQUENTIAL["angles by length"] and chunk != 1000:
        return  # they are another model's when it is read in pieces
    found = play(kind(model), prompt, spoken.tolist(), chunk)
    np.testing.assert_allclose(found, expected, atol=4e-6, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_embedded_rows_are_read_as_ids_are(kind: Any) -> None:
    model = model_of(ONNX["llama"])
    found, prompt = kind(model), ids(11, 1)
    rows = model.get_input_embeddings()(prompt)
    for one, other in zip(play(found, prompt, [3], 50), play(found, rows, [3], 50), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", [onnx, batched])
@pytest.mark.parametrize("name", ["llama", "heads of another width", "qwen2", "llama 3"])
@pytest.mark.parametrize("count", [2, 3, 5, 8, 9, 13, 16])
@torch.inference_mode()
def test_neighbours_change_no_bit(name: str, count: int, kind: Any) -> None:
    """Whatever their number and lengths; the last beginnings lie across a block's edge."""
    found = kind(model_of(ONNX[name]))
    lengths = [(1, 30, BLOCK - 2, 400, 77)[i % 5] + i for i in range(count)]
    alone = [play(found, ids(n, n), ids(6, n).tolist(), 128)[1:] for n in lengths]
    caches = [found.open() for _ in lengths]
    for cache, n in zip(caches, lengths, strict=True):
        for part in ids(n, n).split(128):
            found.read(cache, part)
    for at in range(6):
        states = found.step(caches, [int(ids(6, n)[at]) for n in lengths])
        for state, rows in zip(states, alone, strict=True):
            np.testing.assert_array_equal(found.scores(state, ()), rows[at])


@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_legal_ids_alone_are_multiplied(kind: Any) -> None:
    legal = (range(10, 20), range(3, 4))
    found = kind(model_of(ONNX["llama"]))
    state = found.read(found.open(), ids(9, 0))
    expected = found.scores(state, ())[[*range(10, 20), 3]]
    np.testing.assert_allclose(found.scores(state, legal), expected, atol=1e-6, rtol=1e-5)
