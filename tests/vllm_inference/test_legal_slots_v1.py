"""The processor fed with batch updates as vLLM makes them; `test_engine.py` has the real vLLM."""

from enum import Enum, auto
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.backends.base import Grammar
from vllm_inference.legal_rule import LegalRule
from vllm_inference.legal_slots_v1 import LegalSlotsV1
from vllm_inference.requests import legal_rule

VOCABULARY = 20
STOPS = (2, 3)
GRAMMAR = Grammar((range(4, 8), range(8, 12), range(12, 16)), stops=STOPS)


class Direction(Enum):
    UNIDIRECTIONAL = auto()
    SWAP = auto()


def processor() -> LegalSlotsV1:
    config = SimpleNamespace(model_config=SimpleNamespace(get_vocab_size=lambda: VOCABULARY))
    return LegalSlotsV1(config, torch.device("cpu"), False)


def params(grammar: Grammar | None) -> SimpleNamespace:
    if grammar is None:
        return SimpleNamespace(extra_args=None)
    return SimpleNamespace(extra_args=legal_rule(grammar).to_extra_args())


def update(removed: Any = (), added: Any = (), moved: Any = ()) -> SimpleNamespace:
    return SimpleNamespace(removed=removed, added=added, moved=moved)


def legal_ids(slots: LegalSlotsV1, batch: int) -> list[list[int]]:
    logits = slots.apply(torch.zeros(batch, VOCABULARY))
    return [row.isfinite().nonzero()[:, 0].tolist() for row in logits]


@given(st.integers(0, 30))
def test_each_position_has_its_slot(generated):
    slots = processor()
    slots.update_state(update(added=[(0, params(GRAMMAR), [1], [5] * generated)]))
    slot = generated % 3
    expected = list(GRAMMAR.cycle[slot])
    assert legal_ids(slots, 1) == [[*STOPS, *expected] if slot == 0 else expected]


def test_the_output_list_is_followed_without_updates():
    slots, output = processor(), [4]
    slots.update_state(update(added=[(0, params(GRAMMAR), [1], output)]))
    assert legal_ids(slots, 1) == [[8, 9, 10, 11]]
    output.append(-1)  # vLLM's placeholder for an id that is still on the device
    slots.update_state(None)
    assert legal_ids(slots, 1) == [[12, 13, 14, 15]]


def test_rows_of_other_requests_are_left_alone():
    slots = processor()
    union = Grammar(GRAMMAR.cycle, stops=STOPS, strict=False)
    slots.update_state(
        update(
            added=[
                (0, params(None), [1], []),
                (1, params(GRAMMAR), [1], []),
                (2, params(union), [1], [4, 4]),
            ]
        )
    )
    everything, first, flat = legal_ids(slots, 3)
    assert everything == list(range(VOCABULARY))
    assert first == [2, 3, 4, 5, 6, 7]
    assert flat == [2, 3, *range(4, 16)]


def test_a_prefix_comes_once():
    rule = LegalRule((((0, 1),), ((1, 2),)), (((4, 8),), ((8, 12),)))
    slots, output = processor(), []
    asked = SimpleNamespace(extra_args=rule.to_extra_args())
    slots.update_state(update(added=[(0, asked, [1], output)]))
    seen = []
    for _ in range(5):
        seen.append(legal_ids(slots, 1)[0])
        output.append(9)
    assert seen == [[0], [1], [4, 5, 6, 7], [8, 9, 10, 11], [4, 5, 6, 7]]


def test_moves_and_swaps_follow_the_request():
    slots = processor()
    slots.update_state(
        update(
            added=[
                (0, params(GRAMMAR), [1], []),
                (1, params(GRAMMAR), [1], [4]),
                (2, params(GRAMMAR), [1], [4, 8]),
            ]
        )
    )
    slots.update_state(update(removed=[0], moved=[(2, 0, Direction.UNIDIRECTIONAL)]))
    assert legal_ids(slots, 2) == [[12, 13, 14, 15], [8, 9, 10, 11]]
    slots.update_state(update(moved=[(0, 1, Direction.SWAP)]))
    assert legal_ids(slots, 2) == [[8, 9, 10, 11], [12, 13, 14, 15]]


def test_an_empty_batch_touches_nothing():
    slots = processor()
    logits = torch.zeros(1, VOCABULARY)
    assert slots.apply(logits) is logits
    assert logits.isfinite().all()


def test_equal_rules_share_their_masks():
    slots = processor()
    slots.update_state(update(added=[(row, params(GRAMMAR), [1], []) for row in range(3)]))
    assert slots._table.illegal.shape == (1 + 3, VOCABULARY)


def test_greedy_sampling_is_affected():
    assert processor().is_argmax_invariant() is False


def test_malformed_rules_are_refused_and_none_is_accepted():
    with pytest.raises(ValueError, match="legal_slots"):
        LegalSlotsV1.validate_params(SimpleNamespace(extra_args={"legal_slots": []}))
    LegalSlotsV1.validate_params(params(GRAMMAR))
    LegalSlotsV1.validate_params(params(None))
