import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.backends.base import Sampling
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens
from tensorrt_tts.loading import load_model
from tensorrt_tts.request_text import prepare_request
from tensorrt_tts.speech import SpeechRequest
from tests.support.tiny_orpheus import tiny_model_folders
from vllm_inference.legal_rule import LegalRule, Ranges
from vllm_inference.requests import legal_rule, sampling_arguments

TOKENS = OrpheusTokens()


def holds(ranges: Ranges, token: int) -> bool:
    return any(start <= token < stop for start, stop in ranges)


@given(st.integers(0, 20), st.integers(0, 156_939))
def test_strict_allows_the_slot_and_stops_only_where_a_frame_may_begin(position, token):
    rule = legal_rule(TOKENS.grammar())
    assert rule.prefix == ()
    expected = token in TOKENS.slot_range(position % 7) or (
        position % 7 == 0 and token in TOKENS.stop_ids
    )
    assert holds(rule.cycle[position % len(rule.cycle)], token) == expected


@given(st.integers(0, 156_939))
def test_without_slots_the_union_and_the_stops(token):
    (only,) = legal_rule(TOKENS.grammar(strict=False)).cycle
    assert holds(only, token) == (
        TOKENS.audio_base <= token < TOKENS.audio_end or token in TOKENS.stop_ids
    )


def test_sampling_is_taken_over():
    arguments = sampling_arguments(Sampling(70, 0.3, 0.8, 40, 1.2, 5, TOKENS.grammar()))
    assert arguments["max_tokens"] == 70
    assert (arguments["temperature"], arguments["top_p"], arguments["top_k"]) == (0.3, 0.8, 40)
    assert arguments["repetition_penalty"] == 1.2
    assert arguments["seed"] == 5
    assert arguments["stop_token_ids"] == list(TOKENS.stop_ids)
    assert arguments["ignore_eos"] is True
    assert arguments["detokenize"] is False
    rule = LegalRule.from_extra_args(arguments["extra_args"])
    assert rule == legal_rule(TOKENS.grammar())
    assert len(rule.cycle) == 7


def test_no_grammar_no_processor_and_no_seed_no_generator():
    arguments = sampling_arguments(Sampling(70))
    assert "extra_args" not in arguments
    assert "seed" not in arguments


@pytest.mark.parametrize("seed", [None, 0, 7])
def test_a_request_without_a_seed_is_spoken_without_one(seed):
    """One seeded stream takes vLLM's whole batch off its fast sampler."""
    folder, codec = tiny_model_folders()
    model = load_model(str(folder), str(codec))
    text = "This is said first of all. " * 20
    segments = prepare_request(SpeechRequest(text, seed=seed), model, 2000)
    assert len(segments) > 1
    sent = [sampling_arguments(segment.sampling).get("seed") for segment in segments]
    assert sent == [None if seed is None else seed + at for at in range(len(sent))]


@given(st.integers())
def test_every_seed_becomes_one_that_vllm_takes_as_a_seed(seed):
    assert 0 <= sampling_arguments(Sampling(1, seed=seed))["seed"] < 2**63
