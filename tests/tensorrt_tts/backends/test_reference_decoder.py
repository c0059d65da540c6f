"""The decoder against `transformers`' own forward pass, and a sequence against itself alone."""

from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config

from tensorrt_tts.backends import reference_decoder
from tensorrt_tts.backends.reference_decoder import (
    BLOCK,
    ROWS,
    BatchedDecoder,
    SequentialDecoder,
    decoder,
)

SIZES: dict[str, Any] = {
    "vocab_size": 90,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "max_position_embeddings": 700,
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500000.0,
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
LINEAR = {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}
YARN = {
    "rope_type": "yarn",
    "rope_theta": 10000.0,
    "factor": 4.0,
    "original_max_position_embeddings": 64,
}
DYNAMIC = {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 4.0}

BATCHED = {
    "llama": LlamaConfig(**SIZES),
    "every head its own keys": LlamaConfig(**SIZES | {"num_key_value_heads": 6}),
    "heads of another width": LlamaConfig(**SIZES, head_dim=16),
    "tied": LlamaConfig(**SIZES, tie_word_embeddings=True),
    "biases": LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True),
    "llama 3": LlamaConfig(**SIZES, rope_parameters=LLAMA3),
    "linear": LlamaConfig(**SIZES, rope_parameters=LINEAR),
    "yarn": LlamaConfig(**SIZES, rope_parameters=YARN),
    "qwen2": Qwen2Config(**SIZES),
    "qwen2, tied": Qwen2Config(**SIZES, tie_word_embeddings=True),
}
SEQUENTIAL = {
    "another family": MistralConfig(**SIZES),
    "angles by length": LlamaConfig(**SIZES, rope_parameters=DYNAMIC),
    "a sliding window": Qwen2Config(
        **SIZES, use_sliding_window=True, sliding_window=8, max_window_layers=1
    ),
}


def model_of(config: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model: Any = AutoModelForCausalLM.from_config(config).eval()
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):  # zeros, as they are made
                torch.nn.init.normal_(parameter)
    return model


def ids(count: int, seed: int) -> torch.Tensor:
    return torch.randint(90, (count,), generator=torch.Generator().manual_seed(seed))


def play(found: Any, prompt: torch.Tensor, spoken: list[int], chunk: int) -> list[torch.Tensor]:
    """The logits after a prompt and after each id."""
    cache = found.open()
    for first in range(0, len(prompt), chunk):
        state = found.read(cache, prompt[first : first + chunk])
    rows = [found.scores(state, ())]
    for token in spoken:
        rows.append(found.scores(found.step([cache], [token])[0], ()))
    assert cache.length == len(prompt) + len(spoken)
    return rows


@pytest.mark.parametrize("chunk", [1000, 7, 1])
@pytest.mark.parametrize("name", [*BATCHED, *SEQUENTIAL])
@torch.inference_mode()
def test_logits_are_transformers_own(name: str, chunk: int) -> None:
    model = model_of((BATCHED | SEQUENTIAL)[name])
    found = decoder(model, 700)
    assert isinstance(found, BatchedDecoder if name in BATCHED else SequentialDecoder)
    prompt, spoken = ids(20, 1), ids(9, 2)
    expected = model(input_ids=torch.cat((prompt, spoken))[None]).logits[0, len(prompt) - 1 :]
    if name == "angles by length" and chunk != 1000:
        return  # they are another model's when it is read in pieces
    torch.testing.assert_close(
        torch.stack(play(found, prompt, spoken.tolist(), chunk)), expected, atol=3e-6, rtol=1e-4
    )


@torch.inference_mode()
def test_embedded_rows_are_read_as_ids_are() -> None:
    model = model_of(BATCHED["llama"])
    for found in (BatchedDecoder(model, 700), SequentialDecoder(model)):
        prompt = ids(11, 1)
        rows = model.get_input_embeddings()(prompt)
        for one, other in zip(
            play(found, prompt, [3], 50), play(found, rows, [3], 50), strict=True
        ):
            assert torch.equal(one, other)


@pytest.mark.parametrize("name", ["llama", "heads of another width", "qwen2", "llama 3"])
@pytest.mark.parametrize("count", [2, 3, 5, 8, 9, 13, 16])
@torch.inference_mode()
def test_neighbours_change_no_bit(name: str, count: int) -> None:
    """Whatever their number and lengths; the last beginnings lie across a block's edge."""
    found = BatchedDecoder(model_of(BATCHED[name]), 700)
    lengths = [(1, 30, BLOCK - 2, 400, 77)[i % 5] + i for i in range(count)]
    alone = [play(found, ids(n, n), ids(6, n).tolist(), 128)[1:] for n in lengths]
    caches = [found.open() for _ in lengths]
    for cache, n in zip(caches, lengths, strict=True):
        for part in ids(n, n).split(128):
            found.read(cache, part)
    for at in range(6):
        states = found.step(caches, [int(ids(6, n)[at]) for n in lengths])
        for state, rows in zip(states, alone, strict=True):
            assert torch.equal(found.scores(state, ()), rows[at])


@torch.inference_mode()
def test_legal_ids_alone_are_multiplied() -> None:
    model = model_of(BATCHED["llama"])
    legal = (range(10, 20), range(3, 4))
    for found in (BatchedDecoder(model, 700), SequentialDecoder(model)):
        state = found.read(found.open(), ids(9, 0))
        expected = found.scores(state, ())[[*range(10, 20), 3]]
        torch.testing.assert_close(found.scores(state, legal), expected, atol=1e-6, rtol=1e-5)


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
    found = BatchedDecoder(model_of(BATCHED["llama"]), 700)
    assert not set(found._sizes) & set(odd)
    assert found.rows == ROWS[-1]


def test_weights_that_come_from_memory_are_read_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_decoder, "_CPU_CACHE", 1000)
    assert BatchedDecoder(model_of(BATCHED["llama"]), 700).rows == 1


def test_memory_is_taken_in_blocks() -> None:
    cache = BatchedDecoder(model_of(BATCHED["llama"]), 700).open()
    taken = []
    for count in (0, 1, BLOCK - 1, 1, BLOCK):
        if count:
            cache.room(count)
        cache.length += count
        taken.append(cache._store.shape[4])
    assert taken == [0, BLOCK, BLOCK, 2 * BLOCK, 3 * BLOCK]
