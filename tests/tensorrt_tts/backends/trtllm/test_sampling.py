"""The keywords we pass, against the contract and against TensorRT-LLM's traps."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.backends.base import Grammar, Sampling
from tensorrt_tts.backends.trtllm.logits import TokenRules
from tensorrt_tts.backends.trtllm.sampling import (
    FORBIDDEN,
    legal_bias,
    native_keywords,
    processor_keywords,
)
from tensorrt_tts.backends.trtllm.vocabulary import Vocabulary
from tensorrt_tts.engine_folder.contract import contract_for
from tensorrt_tts.errors import EngineError

GRAMMAR = Grammar(tuple(range(10 + 4 * s, 14 + 4 * s) for s in range(7)), stops=(2, 6))
WHOLE = Vocabulary(50, 50)
PADDED = Vocabulary(64, 50)
samplings = st.builds(
    Sampling,
    max_tokens=st.integers(1, 4096),
    temperature=st.sampled_from([0.0, 0.4, 1.0]),
    top_p=st.sampled_from([0.5, 0.95, 1.0]),
    top_k=st.sampled_from([0, 50]),
    repetition_penalty=st.sampled_from([1.0, 1.1]),
    seed=st.one_of(st.none(), st.integers(0, 2**63 - 1)),
    grammar=st.builds(
        Grammar,
        st.sampled_from([(), GRAMMAR.cycle]),
        stops=st.sampled_from([(), (2,), (2, 6, 1)]),
    ),
)


@given(sampling=samplings)
def test_every_keyword_is_in_the_contract_and_safe(sampling: Sampling) -> None:
    for keywords in (native_keywords(sampling, WHOLE), processor_keywords(sampling, 2)):
        for version in ("1.3.0rc24", "1.2.1", "0.21.0"):
            contract_for(version).check("SamplingParams", keywords)
        assert keywords["max_tokens"] == sampling.max_tokens
        assert keywords["detokenize"] is False
        assert isinstance(keywords["end_id"], int)
        assert isinstance(keywords["seed"], int)
        assert "stop" not in keywords
        assert keywords.get("temperature", 1.0) > 0
        # Without both, TensorRT-LLM is greedy; with top_k 1 we mean it to be.
        assert ("top_p" in keywords) == (sampling.temperature > 0)
        assert (keywords.get("top_k") == 1) == (sampling.temperature == 0)
        ends = (keywords["end_id"], *keywords.get("stop_token_ids", ()))
        assert ends == (sampling.grammar.stops or (-1,))


def test_a_misspelt_keyword_would_be_found() -> None:
    keywords = native_keywords(Sampling(max_tokens=1), WHOLE)
    for name in keywords:
        wrong = {(key + "s" if key == name else key): value for key, value in keywords.items()}
        with pytest.raises(EngineError, match=f"{name}s"):
            contract_for("1.2.1").check("SamplingParams", wrong)


def test_the_penalty_is_the_samplers_or_ours_never_both() -> None:
    sampling = Sampling(max_tokens=1, repetition_penalty=1.3)
    assert native_keywords(sampling, WHOLE)["repetition_penalty"] == 1.3
    keywords = processor_keywords(sampling, 2)
    assert "repetition_penalty" not in keywords  # ignored by most releases, doubled by others
    assert keywords["logits_processor"] == TokenRules(2, 1.3, Grammar())


def test_nothing_to_enforce_means_no_callback() -> None:
    sampling = Sampling(max_tokens=1, repetition_penalty=1.0)
    assert "logits_processor" not in processor_keywords(sampling, 1)
    assert "embedding_bias" not in native_keywords(sampling, WHOLE)


def test_fresh_seeds_differ() -> None:
    sampling = Sampling(max_tokens=1)
    assert native_keywords(sampling, WHOLE)["seed"] != native_keywords(sampling, WHOLE)["seed"]
    assert native_keywords(Sampling(max_tokens=1, seed=5), WHOLE)["seed"] == 5


def test_without_a_seed_the_pytorch_sampler_stays_on_its_fast_path() -> None:
    assert "seed" not in native_keywords(Sampling(max_tokens=1), WHOLE, fresh_seed=False)
    keywords = native_keywords(Sampling(max_tokens=1, seed=5), WHOLE, fresh_seed=False)
    assert keywords["seed"] == 5


@pytest.mark.parametrize("seed", [-1, 2**63, 2**64 + 5, 2**200])
def test_a_seed_of_any_size_fits_63_bits(seed: int) -> None:
    """As vLLM's backend takes it; 64 bits would fail inside the engine's own loop."""
    sampling = Sampling(max_tokens=1, seed=seed)
    for keywords in (native_keywords(sampling, WHOLE), processor_keywords(sampling, 1)):
        assert keywords["seed"] == seed % 2**63


def test_legal_bias_leaves_slots_and_stops() -> None:
    bias = legal_bias(GRAMMAR, WHOLE)
    assert bias.dtype == torch.float32
    assert bias.shape == (50,)
    assert (bias == 0).nonzero().flatten().tolist() == [2, 6, *range(10, 38)]
    assert bias.half().isfinite().all()
    assert torch.softmax(bias + 20 * torch.randn(50), 0)[:2].max() == 0
    assert bias[0] == FORBIDDEN


def test_padding_is_illegal_also_where_everything_else_is_legal() -> None:
    for grammar in (Grammar(stops=(2,)), GRAMMAR):
        sampling = Sampling(max_tokens=1, grammar=grammar)
        bias = native_keywords(sampling, PADDED)["embedding_bias"]
        assert bias.shape == (64,)
        assert (bias[50:] == FORBIDDEN).all()
        wanted = [2, 6, *range(10, 38)] if grammar.cycle else list(range(50))
        assert (bias == 0).nonzero().flatten().tolist() == wanted
