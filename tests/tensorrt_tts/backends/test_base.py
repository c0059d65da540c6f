"""`Grammar` against its definition, and everything that enforces one against the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.backends.base import Grammar, Sampling
from tensorrt_tts.backends.pruned_vocabulary import AudioVocabulary
from tensorrt_tts.backends.sampler import Sampler
from tensorrt_tts.backends.trtllm.logits import TokenRules
from tensorrt_tts.backends.trtllm.sampling import legal_bias
from tensorrt_tts.backends.trtllm.vocabulary import Vocabulary
from tensorrt_tts.errors import SettingError
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens
from vllm_inference.mask_table import MaskTable
from vllm_inference.requests import legal_rule

IDS = 60
ORPHEUS = OrpheusTokens(custom_base=5, codebook_size=4, begin_of_text=0, end_of_text=1).grammar()
SPARK = Grammar(
    cycle=(range(30, 54),),
    prefix=(range(8, 9), range(9, 10), *(range(10, 26) for _ in range(32))),
    stops=(55, 3),
)
"""Spark's shape: marks of one id each, 32 global ids, then semantic ids one after the other."""

GRAMMARS = {"orpheus": ORPHEUS, "spark": SPARK}
POSITIONS = range(80)

ranges = st.integers(0, IDS - 1).flatmap(
    lambda first: st.integers(first + 1, IDS).map(lambda stop: range(first, stop))
)
grammars = st.builds(
    Grammar,
    cycle=st.lists(ranges, min_size=1, max_size=4).map(tuple),
    prefix=st.lists(ranges, max_size=4).map(tuple),
    stops=st.lists(st.integers(0, IDS - 1), max_size=3).map(tuple),
    strict=st.booleans(),
)


def expected(grammar: Grammar, position: int) -> set[int]:
    """The definition."""
    prefix, cycle, stops = grammar.prefix, grammar.cycle, set(grammar.stops)
    if not grammar.strict:
        return {token for ids in prefix + cycle for token in ids} | stops
    if position < len(prefix):
        return set(prefix[position])
    at = (position - len(prefix)) % len(cycle)
    return set(cycle[at]) | (stops if at == 0 else set())


def named(grammar: Grammar, position: int) -> list[int]:
    return [token for ids in grammar.legal(position) for token in ids]


@given(grammar=grammars, position=st.integers(0, 100))
def test_legal_is_the_definition_and_names_no_id_twice(grammar: Grammar, position: int) -> None:
    """An id named twice would be twice as likely to be sampled from a list of candidates."""
    assert sorted(named(grammar, position)) == sorted(expected(grammar, position))
    assert grammar.rows[grammar.row(position)] == grammar.legal(position)


@given(grammar=grammars)
def test_rows_are_those_of_the_prefix_and_of_one_cycle(grammar: Grammar) -> None:
    count = len(grammar.prefix) + len(grammar.cycle) if grammar.strict else 1
    assert [grammar.row(position) for position in range(count)] == list(range(count))
    assert grammar.rows == tuple(grammar.legal(position) for position in range(count))


def test_without_a_cycle_everything_is_legal() -> None:
    for grammar in (Grammar(), Grammar(stops=(3,)), Grammar(strict=False)):
        assert grammar.rows == ()
        assert {(grammar.row(position), grammar.legal(position)) for position in range(9)} == {
            (0, ())
        }


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"prefix": (range(3),)}, "a prefix and no cycle"),
        ({"cycle": (range(3), range(3, 3))}, r"range\(3, 3\)"),
        ({"cycle": (range(0, 9, 2),)}, r"range\(0, 9, 2\)"),
        ({"cycle": (range(9),), "prefix": (range(5, 2, -1),)}, r"range\(5, 2, -1\)"),
    ],
)
def test_what_is_no_grammar_is_refused(parts: dict[str, tuple[range, ...]], says: str) -> None:
    with pytest.raises(SettingError, match=f"grammar has {says}"):
        Grammar(**parts)  # type: ignore[arg-type]


def test_equal_grammars_are_one_key() -> None:
    assert len({ORPHEUS, replace(ORPHEUS), replace(ORPHEUS, strict=False)}) == 2


def sampled(grammar: Grammar, position: int) -> set[int]:
    """What the reference backend's sampler can choose there, its logits spoiled one by one."""
    sampler = Sampler(Sampling(99, 0.0, 1.0, 0, 1.0, 0, grammar), [0], IDS)
    for _ in range(position):
        sampler.sample(np.zeros(IDS, np.float32))
    found: set[int] = set()
    logits = np.zeros(IDS, np.float32)
    while (token := sampler.sample(logits)) not in found:
        found.add(token)
        logits[token] = -1e9
        sampler._position = position
    return found


def processed(grammar: Grammar, position: int) -> set[int]:
    """What TensorRT-LLM's PyTorch backend can choose after our logits processor."""
    logits = torch.zeros(1, 1, IDS)
    TokenRules(2, 1.0, grammar)(0, logits, [[0] * (2 + position)], None, None)
    return set(logits[0, 0].isfinite().nonzero()[:, 0].tolist())


def masked(grammar: Grammar, position: int) -> set[int]:
    """What vLLM can choose after our logits processor."""
    table = MaskTable(IDS, CPU)
    entry = torch.tensor([table.add(legal_rule(grammar))])
    logits = table.forbid(torch.zeros(1, IDS), entry, torch.tensor([position]))
    return set(logits[0].isfinite().nonzero()[:, 0].tolist())


def narrowed(grammar: Grammar, position: int) -> set[int]:
    """In a vocabulary cut to what is legal anywhere."""
    kept = replace(grammar, strict=False).rows[0]
    vocabulary = AudioVocabulary(IDS, kept)
    narrow = vocabulary.narrow_sampling(Sampling(1, grammar=grammar)).grammar
    return set(vocabulary.widen_all(named(narrow, position)))


CPU = torch.device("cpu")


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("name", GRAMMARS)
@pytest.mark.parametrize("choose", [sampled, processed, masked, narrowed])
def test_what_enforces_a_grammar_enforces_it_at_every_position(
    choose: object, name: str, strict: bool
) -> None:
    assert callable(choose)
    grammar = replace(GRAMMARS[name], strict=strict)
    for position in POSITIONS:
        assert choose(grammar, position) == expected(grammar, position)


@pytest.mark.parametrize("name", GRAMMARS)
def test_a_bias_that_knows_no_position_leaves_what_is_legal_anywhere(name: str) -> None:
    grammar = GRAMMARS[name]
    bias = legal_bias(grammar, Vocabulary(IDS, IDS))
    assert set((bias == 0).nonzero()[:, 0].tolist()) == expected(replace(grammar, strict=False), 0)
