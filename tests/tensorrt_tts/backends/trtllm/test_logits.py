"""Our logits processor against the reference backend's sampler, which follows Hugging Face."""

from __future__ import annotations

import pickle
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorrt_tts.backends.base import Grammar, Sampling
from tensorrt_tts.backends.sampler import Sampler
from tensorrt_tts.backends.trtllm import logits as trtllm_logits
from tensorrt_tts.backends.trtllm.logits import TokenRules

VOCAB = 40
GRAMMAR = Grammar(tuple(range(10 + 4 * s, 14 + 4 * s) for s in range(7)), stops=(2, 6))
UNION = replace(GRAMMAR, strict=False)


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**31),
    penalty=st.sampled_from([1.0, 1.1, 2.0]),
    prompt=st.lists(st.integers(0, VOCAB - 1), min_size=1, max_size=6),
    grammar=st.sampled_from([Grammar(), GRAMMAR, UNION]),
)
def test_greedy_choice_equals_the_reference_sampler(
    seed: int, penalty: float, prompt: list[int], grammar: Grammar
) -> None:
    sampling = Sampling(30, temperature=0, repetition_penalty=penalty, grammar=grammar)
    sampler = Sampler(sampling, prompt, VOCAB)
    rules = TokenRules(len(prompt), penalty, grammar)
    generator = torch.Generator().manual_seed(seed)
    shown = list(prompt)
    for _ in range(16):
        logits = torch.randn(1, 1, VOCAB, generator=generator) * 3
        expected = sampler.sample(logits[0, 0].numpy())
        rules(7, logits, [shown], None, None)
        assert int(logits[0, 0].argmax()) == expected
        shown.append(expected)


def plain(rules: TokenRules, logits: torch.Tensor, ids: list[int]) -> torch.Tensor:
    """The rules by definition: everything made anew from all ids at every step."""
    logits = logits.clone()
    if rules.repetition_penalty != 1.0:
        seen = torch.tensor(sorted(set(ids)))
        scores = logits[..., seen]
        logits[..., seen] = torch.where(
            scores < 0, scores * rules.repetition_penalty, scores / rules.repetition_penalty
        )
    if rules.grammar.cycle:
        slots, stops = rules.grammar.cycle, rules.grammar.stops
        if rules.grammar.strict:
            slot = (len(ids) - rules.prompt_length) % len(slots)
            slots, stops = (slots[slot],), stops if slot == 0 else ()
        allowed = torch.zeros(logits.shape[-1], dtype=torch.bool)
        for legal in slots:
            allowed[legal.start : legal.stop : legal.step] = True
        allowed[list(stops)] = True
        logits[..., ~allowed] = float("-inf")
    return logits


ids_lists = st.lists(st.integers(0, VOCAB - 1), min_size=1, max_size=9)


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**31),
    dtype=st.sampled_from([torch.float32, torch.float16, torch.bfloat16]),
    requests=st.lists(
        st.tuples(
            ids_lists,
            st.sampled_from([1.0, 0.9, 1.1, 2.0]),
            st.sampled_from([Grammar(), GRAMMAR, UNION]),
        ),
        min_size=1,
        max_size=4,
    ),
    steps=st.lists(st.tuples(st.integers(0, 3), ids_lists), max_size=24),
    again=st.booleans(),
)
def test_logits_are_bit_for_bit_those_of_the_definition(
    seed: int,
    dtype: torch.dtype,
    requests: list[tuple[list[int], float, Grammar]],
    steps: list[tuple[int, list[int]]],
    again: bool,
) -> None:
    """Requests in any order, by one id or several a step, and one that begins again."""
    generator = torch.Generator().manual_seed(seed)
    shown = [list(prompt) for prompt, _, _ in requests]
    rules = [
        pickle.loads(pickle.dumps(TokenRules(len(prompt), penalty, grammar)))
        for prompt, penalty, grammar in requests
    ]
    for step, (which, new) in enumerate(steps):
        which %= len(requests)
        logits = (torch.randn(1, 1, VOCAB, generator=generator) * 5).to(dtype)
        logits[..., step % VOCAB] = float("-inf")
        expected = plain(rules[which], logits, shown[which])
        rules[which](7, logits, [shown[which]], None, None)
        assert torch.equal(logits, expected)
        shown[which] = [*shown[which], *new]  # the library hands over a new list each step
        if again and step == 12:
            shown[which] = list(requests[which][0])


def test_a_step_makes_no_mask_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    rules, ids = TokenRules(2, 1.1, GRAMMAR), [1, 2]
    made: list[str] = []

    def noting(name: str) -> Callable[..., torch.Tensor]:
        real = getattr(torch, name)

        def make(*arguments: Any, **keywords: Any) -> Any:
            made.append(name)
            return real(*arguments, **keywords)

        return make

    for name in ("zeros", "ones", "tensor"):
        monkeypatch.setattr(torch, name, noting(name))
    for step in range(30):
        rules(7, torch.empty(1, 1, VOCAB), [ids], None, None)
        ids = [*ids, step]
        if step == 0:
            made.clear()
    assert made == []


def test_requests_share_the_masks_and_leave_nothing_behind() -> None:
    trtllm_logits._forbidden.cache_clear()
    for number in range(40):
        rules = TokenRules(1, 1.1, replace(GRAMMAR))
        rules(number, torch.zeros(1, 1, VOCAB), [[number]], None, None)
    assert trtllm_logits._forbidden.cache_info().currsize == 1
    mask = weakref.ref(rules._seen._mask)
    del rules
    assert mask() is None


def test_survives_the_way_to_the_worker() -> None:
    rules = TokenRules(3, 1.1, GRAMMAR)
    rules(7, torch.zeros(1, 1, VOCAB), [[1, 2, 3]], None, None)
    arrived = pickle.loads(pickle.dumps(rules))
    assert arrived == rules
    assert arrived._seen._mask is None  # a mask of the sender's device has no place there


def test_without_rules_the_logits_stay() -> None:
    logits = torch.randn(1, 1, VOCAB)
    before = logits.clone()
    TokenRules(1, 1.0, Grammar())(0, logits, [[1, 2]], None, None)
    assert torch.equal(logits, before)
