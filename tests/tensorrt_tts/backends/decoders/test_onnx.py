"""Rows of the memory: who has which, and that moving changes nothing."""

import random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorrt_tts.backends.decoders.onnx import OnnxDecoder, RowCache
from tests.support.examples import examples
from tests.support.language_models import ONNX, ids, model_of, play

LIMIT = 5


@pytest.fixture(scope="module")
def decoder() -> OnnxDecoder:
    return OnnxDecoder(model_of(ONNX["qwen2"]), 200, LIMIT)


@settings(max_examples=examples(25), deadline=None)
@given(seed=st.integers(0, 2**32))
@torch.inference_mode()
def test_sequences_that_come_and_go_are_as_if_alone(decoder: OnnxDecoder, seed: int) -> None:
    """Joining in the middle of a prompt, stepping in any order and company, leaving at any time."""
    draw = random.Random(seed)
    open_: dict[RowCache, list[int]] = {}
    states: dict[RowCache, Any] = {}

    def check(cache: RowCache) -> None:
        expected = alone.read(fresh := alone.open(), torch.tensor(open_[cache]))
        alone.close(fresh)
        found = decoder.scores(states[cache], ())
        np.testing.assert_allclose(found, alone.scores(expected, ()), atol=4e-6, rtol=1e-4)

    alone = decoder_alone()
    for _ in range(30):
        what = draw.choice(["join", "read", "step", "step", "leave"])
        if what == "join" and len(open_) < LIMIT:
            cache = decoder.open()
            open_[cache] = [draw.randrange(90) for _ in range(draw.randint(1, 5))]
            states[cache] = decoder.read(cache, torch.tensor(open_[cache]))
        elif what == "read" and open_:
            cache = draw.choice(list(open_))
            more = [draw.randrange(90) for _ in range(draw.randint(1, 3))]
            open_[cache] += more
            states[cache] = decoder.read(cache, torch.tensor(more))
        elif what == "step" and open_:
            group = draw.sample(list(open_), draw.randint(1, len(open_)))
            tokens = [draw.randrange(90) for _ in group]
            found = decoder.step(group, tokens)
            for cache, token, state in zip(group, tokens, found, strict=True):
                open_[cache].append(token)
                states[cache] = state
        elif open_:
            cache = draw.choice(list(open_))
            check(cache)
            del open_[cache]
            decoder.close(cache)
    for cache in open_:
        check(cache)
        decoder.close(cache)
    assert decoder._owners == [None] * LIMIT


def decoder_alone() -> OnnxDecoder:
    return OnnxDecoder(model_of(ONNX["qwen2"]), 200, 1)


@torch.inference_mode()
def test_a_sequence_is_the_same_bits_in_any_row(decoder: OnnxDecoder) -> None:
    first = play(decoder, ids(9, 1), [3, 4, 5], 4)
    held = [decoder.open() for _ in range(LIMIT - 1)]
    for cache in held:
        decoder.read(cache, ids(30, 2))
    for one, other in zip(first, play(decoder, ids(9, 1), [3, 4, 5], 4), strict=True):
        np.testing.assert_array_equal(one, other)
    for cache in held:
        decoder.close(cache)


def test_rows_are_found_alike_on_this_machine(decoder: OnnxDecoder) -> None:
    assert decoder.agrees()


@pytest.mark.parametrize("kind", list(ONNX))
@torch.inference_mode()
def test_where_the_model_looks_is_where_its_attention_is(kind: str) -> None:
    """As transformers computes it, whatever else runs beside it, and no logit changes."""
    heads, text = [(0, 1), (1, 0)], range(2, 9)
    model = model_of(ONNX[kind])
    decoder, plain = OnnxDecoder(model, 200, LIMIT, heads), OnnxDecoder(model, 200, LIMIT)
    prompt, spoken = ids(11, 1), [3, 4, 5, 6, 7, 8]
    model.set_attn_implementation("eager")
    whole = torch.cat([prompt, torch.tensor(spoken)])[None]
    attentions = model(whole, output_attentions=True).attentions
    weights = sum(_share(attentions[layer][0, head, 10:, 2:9]) for layer, head in heads)
    beside, cache, bare = decoder.open(), decoder.open(), plain.open()
    decoder.read(beside, ids(30, 2))
    state, expected = decoder.read(cache, prompt), plain.read(bare, prompt)
    found = [decoder.looked_at(cache, state, text)]
    for token in spoken:
        np.testing.assert_array_equal(decoder.scores(state, ()), plain.scores(expected, ()))
        state, _ = decoder.step([cache, beside], [token, 1])
        (expected,) = plain.step([bare], [token])
        found.append(decoder.looked_at(cache, state, text))
    assert found == [2 + int(place) for place in weights.argmax(-1)]
    assert len(set(found)) > 1
    assert decoder.looked_at(cache, state, range(0)) is None
    assert plain.looked_at(bare, expected, text) is None


def _share(weights: torch.Tensor) -> torch.Tensor:
    return weights / weights.sum(-1, keepdim=True)
