"""The sampler against Hugging Face's own logits processors."""

import numpy as np
import pytest
import torch

from tensorrt_tts.backends.base import Grammar, Sampling
from tensorrt_tts.backends.sampler import Sampler

VOCAB = 50
PROMPT = (3, 4, 5)
GRAMMAR = Grammar()


def sampler(grammar: Grammar = GRAMMAR, **settings: object) -> Sampler:
    defaults = {"temperature": 1.0, "top_p": 1.0, "repetition_penalty": 1.0, "seed": 0}
    sampling = Sampling(max_tokens=9, grammar=grammar, **(defaults | settings))  # type: ignore[arg-type]
    return Sampler(sampling, PROMPT, VOCAB)


def random_logits(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(VOCAB, np.float32)


def frequencies(logits: np.ndarray, draws: int = 3000, **settings: object) -> np.ndarray:
    counts = np.zeros(VOCAB)
    for seed in range(draws):
        counts[sampler(seed=seed, **settings).sample(logits)] += 1
    return counts / draws


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0.7},
        {"top_k": 5},
        {"top_p": 0.6},
        {"repetition_penalty": 1.8},
        {"temperature": 0.6, "top_k": 20, "top_p": 0.8, "repetition_penalty": 1.3},
    ],
    ids=str,
)
def test_distribution_is_hugging_faces(settings: dict[str, float]) -> None:
    from transformers import (
        LogitsProcessorList,
        RepetitionPenaltyLogitsProcessor,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    logits = random_logits(1) * 2
    processors = LogitsProcessorList()
    if "repetition_penalty" in settings:
        processors.append(RepetitionPenaltyLogitsProcessor(settings["repetition_penalty"]))
    processors.append(TemperatureLogitsWarper(settings.get("temperature", 1.0)))
    if "top_k" in settings:
        processors.append(TopKLogitsWarper(int(settings["top_k"])))
    if "top_p" in settings:
        processors.append(TopPLogitsWarper(settings["top_p"]))
    scores = processors(torch.tensor([PROMPT]), torch.tensor(logits)[None])
    expected = torch.softmax(scores[0], -1).numpy()
    found = frequencies(logits, **settings)
    assert ((found > 0) <= (expected > 0)).all()  # nothing that HF rules out
    assert np.abs(found - expected).max() < 0.04


def test_greedy_and_seeds() -> None:
    logits = random_logits()
    assert sampler(temperature=0).sample(logits) == int(logits.argmax())
    same = [[sampler(seed=5).sample(logits) for _ in range(3)] for _ in range(2)]
    assert same[0] == same[1]


def test_logits_are_left_alone() -> None:
    logits = random_logits()
    before = logits.copy()
    sampler(top_p=0.5, repetition_penalty=2.0).sample(logits)
    np.testing.assert_array_equal(logits, before)


def test_each_position_keeps_to_its_slot_and_stops_only_where_a_frame_begins() -> None:
    grammar = Grammar((range(10, 14), range(14, 18), range(18, 22)), stops=(1,))
    logits = np.zeros(VOCAB, np.float32)
    logits[1] = 100.0  # the stop id, overwhelmingly
    one = sampler(grammar)
    assert one.sample(logits) == 1
    logits[1] = 0.0
    two = sampler(grammar, temperature=1.0)
    seen = [two.sample(logits) for _ in range(600)]
    for position, token in enumerate(seen):
        allowed = {*grammar.cycle[position % 3]} | ({1} if position % 3 == 0 else set())
        assert token in allowed


def test_without_slots_the_union_is_legal_everywhere() -> None:
    grammar = Grammar((range(10, 12), range(12, 14)), stops=(1,), strict=False)
    one = sampler(grammar)
    assert {one.sample(np.zeros(VOCAB, np.float32)) for _ in range(200)} == {1, 10, 11, 12, 13}


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 50])
def test_a_draw_is_torch_s_multinomial(count: int) -> None:
    """So that a seed gives the ids it gave when torch drew them."""
    logits = random_logits(2)[:count]
    order = np.argsort(-logits, kind="stable")
    probabilities = torch.softmax(torch.tensor(logits[order]), -1)
    for seed in range(50):
        generator = torch.Generator().manual_seed(seed)
        expected = order[torch.multinomial(probabilities, 1, generator=generator)]
        assert sampler(Grammar((range(count),)), seed=seed).choose(logits) == expected


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_what_is_no_number_is_not_drawn_from(bad: float, temperature: float) -> None:
    logits = random_logits()
    logits[7] = bad
    with pytest.raises(FloatingPointError):
        sampler(temperature=temperature).sample(logits)
    with pytest.raises(FloatingPointError):
        sampler(temperature=temperature).sample(np.full(VOCAB, -np.inf, np.float32))
