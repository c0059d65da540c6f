"""The processor fed with batch updates as vLLM makes them; `test_engine.py` has the real vLLM."""

from enum import Enum, auto
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.backends.protocol import LegalTokens
from vllm_inference.legal_slots import LegalSlots
from vllm_inference.requests import LEGAL, legal_positions

VOCABULARY = 20
LEGAL_TOKENS = LegalTokens((range(4, 8), range(8, 12), range(12, 16)))
STOPS = (2, 3)


class Direction(Enum):
    UNIDIRECTIONAL = auto()
    SWAP = auto()


def processor() -> LegalSlots:
    config = SimpleNamespace(model_config=SimpleNamespace(get_vocab_size=lambda: VOCABULARY))
    return LegalSlots(config, torch.device("cpu"), False)


def params(legal: LegalTokens | None) -> SimpleNamespace:
    if legal is None:
        return SimpleNamespace(extra_args=None)
    return SimpleNamespace(extra_args={LEGAL: legal_positions(legal, STOPS)})


def update(removed: Any = (), added: Any = (), moved: Any = ()) -> SimpleNamespace:
    return SimpleNamespace(removed=removed, added=added, moved=moved)


def legal_ids(slots: LegalSlots, batch: int) -> list[list[int]]:
    logits = slots.apply(torch.zeros(batch, VOCABULARY))
    return [row.isfinite().nonzero()[:, 0].tolist() for row in logits]


@given(st.integers(0, 30))
def test_each_position_has_its_slot(generated):
    slots = processor()
    slots.update_state(update(added=[(0, params(LEGAL_TOKENS), [1], [5] * generated)]))
    slot = generated % 3
    expected = list(LEGAL_TOKENS.slots[slot])
    assert legal_ids(slots, 1) == [[*STOPS, *expected] if slot == 0 else expected]


def test_the_output_list_is_followed_without_updates():
    slots, output = processor(), [4]
    slots.update_state(update(added=[(0, params(LEGAL_TOKENS), [1], output)]))
    assert legal_ids(slots, 1) == [[8, 9, 10, 11]]
    output.append(-1)  # vLLM's placeholder for an id that is still on the device
    slots.update_state(None)
    assert legal_ids(slots, 1) == [[12, 13, 14, 15]]


def test_rows_of_other_requests_are_left_alone():
    slots = processor()
    union = LegalTokens(LEGAL_TOKENS.slots, per_slot=False)
    slots.update_state(
        update(
            added=[
                (0, params(None), [1], []),
                (1, params(LEGAL_TOKENS), [1], []),
                (2, params(union), [1], [4, 4]),
            ]
        )
    )
    everything, first, flat = legal_ids(slots, 3)
    assert everything == list(range(VOCABULARY))
    assert first == [2, 3, 4, 5, 6, 7]
    assert flat == [2, 3, *range(4, 16)]


def test_moves_and_swaps_follow_the_request():
    slots = processor()
    slots.update_state(
        update(
            added=[
                (0, params(LEGAL_TOKENS), [1], []),
                (1, params(LEGAL_TOKENS), [1], [4]),
                (2, params(LEGAL_TOKENS), [1], [4, 8]),
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
    slots.update_state(update(added=[(row, params(LEGAL_TOKENS), [1], []) for row in range(3)]))
    assert slots._table.illegal.shape == (1 + 3, VOCABULARY)


def test_greedy_sampling_is_affected():
    assert processor().is_argmax_invariant() is False


@pytest.mark.parametrize("positions", [[], [[]], [[[5, 5]]], [[[-1, 4]]], [[[1, 2, 3]]]])
def test_malformed_rules_are_refused(positions):
    with pytest.raises(ValueError, match=LEGAL):
        LegalSlots.validate_params(SimpleNamespace(extra_args={LEGAL: positions}))


def test_well_formed_rules_and_none_are_accepted():
    LegalSlots.validate_params(params(LEGAL_TOKENS))
    LegalSlots.validate_params(params(None))
