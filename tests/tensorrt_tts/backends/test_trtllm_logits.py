"""Our logits processor against the reference backend's sampler, which follows Hugging Face."""

from __future__ import annotations

import pickle

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorrt_tts.backends.protocol import LegalTokens, Sampling
from tensorrt_tts.backends.sampler import Sampler
from tensorrt_tts.backends.trtllm_logits import TokenRules

VOCAB = 40
LEGAL = LegalTokens(tuple(range(10 + 4 * s, 14 + 4 * s) for s in range(7)))


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**31),
    penalty=st.sampled_from([1.0, 1.1, 2.0]),
    prompt=st.lists(st.integers(0, VOCAB - 1), min_size=1, max_size=6),
    per_slot=st.booleans(),
    restricted=st.booleans(),
)
def test_greedy_choice_equals_the_reference_sampler(
    seed: int, penalty: float, prompt: list[int], per_slot: bool, restricted: bool
) -> None:
    legal = LegalTokens(LEGAL.slots, per_slot) if restricted else None
    sampling = Sampling(30, temperature=0, repetition_penalty=penalty, stop_ids=(2,), legal=legal)
    sampler = Sampler(sampling, torch.tensor(prompt), VOCAB, torch.device("cpu"))
    rules = TokenRules(len(prompt), penalty, legal, (2,))
    generator = torch.Generator().manual_seed(seed)
    shown = list(prompt)
    for _ in range(16):
        logits = torch.randn(1, 1, VOCAB, generator=generator) * 3
        expected = sampler.sample(logits[0, 0].clone())
        rules(7, logits, [shown], None, None)
        assert int(logits[0, 0].argmax()) == expected
        shown.append(expected)


def test_survives_the_way_to_the_worker() -> None:
    rules = TokenRules(3, 1.1, LEGAL, (2,))
    assert pickle.loads(pickle.dumps(rules)) == rules


def test_without_rules_the_logits_stay() -> None:
    logits = torch.randn(1, 1, VOCAB)
    before = logits.clone()
    TokenRules(1, 1.0, None, ())(0, logits, [[1, 2]], None, None)
    assert torch.equal(logits, before)
