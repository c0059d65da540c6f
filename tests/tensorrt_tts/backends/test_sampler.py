"""The sampler against Hugging Face's own logits processors."""

import pytest
import torch

from tensorrt_tts.backends.base import Grammar, Sampling
from tensorrt_tts.backends.sampler import Sampler

VOCAB = 50
CPU = torch.device("cpu")
PROMPT = torch.tensor([3, 4, 5])
GRAMMAR = Grammar()


def sampler(grammar: Grammar = GRAMMAR, **settings: object) -> Sampler:
    defaults = {"temperature": 1.0, "top_p": 1.0, "repetition_penalty": 1.0, "seed": 0}
    sampling = Sampling(max_tokens=9, grammar=grammar, **(defaults | settings))  # type: ignore[arg-type]
    return Sampler(sampling, PROMPT, VOCAB, CPU)


def frequencies(logits: torch.Tensor, draws: int = 3000, **settings: object) -> torch.Tensor:
    counts = torch.zeros(VOCAB)
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

    logits = torch.randn(VOCAB, generator=torch.Generator().manual_seed(1)) * 2
    processors = LogitsProcessorList()
    if "repetition_penalty" in settings:
        processors.append(RepetitionPenaltyLogitsProcessor(settings["repetition_penalty"]))
    processors.append(TemperatureLogitsWarper(settings.get("temperature", 1.0)))
    if "top_k" in settings:
        processors.append(TopKLogitsWarper(int(settings["top_k"])))
    if "top_p" in settings:
        processors.append(TopPLogitsWarper(settings["top_p"]))
    expected = torch.softmax(processors(PROMPT[None], logits[None].clone())[0], -1)
    found = frequencies(logits, **settings)
    assert ((found > 0) <= (expected > 0)).all()  # nothing that HF rules out
    assert float((found - expected).abs().max()) < 0.04


def test_greedy_and_seeds() -> None:
    logits = torch.randn(VOCAB)
    assert sampler(temperature=0).sample(logits) == int(logits.argmax())
    same = [[sampler(seed=5).sample(logits) for _ in range(3)] for _ in range(2)]
    assert same[0] == same[1]


def test_logits_are_left_alone() -> None:
    logits = torch.randn(VOCAB)
    before = logits.clone()
    sampler(top_p=0.5, repetition_penalty=2.0).sample(logits)
    assert torch.equal(logits, before)


def test_each_position_keeps_to_its_slot_and_stops_only_where_a_frame_begins() -> None:
    grammar = Grammar((range(10, 14), range(14, 18), range(18, 22)), stops=(1,))
    logits = torch.zeros(VOCAB)
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
    assert {one.sample(torch.zeros(VOCAB)) for _ in range(200)} == {1, 10, 11, 12, 13}
