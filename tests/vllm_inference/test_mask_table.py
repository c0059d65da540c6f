import torch
from hypothesis import given
from hypothesis import strategies as st

from vllm_inference.legal_rule import LegalRule
from vllm_inference.mask_table import FREE, MaskTable

VOCABULARY = 12
FRAME = LegalRule((), tuple(((at, at + 1), (10, 11)) for at in range(7)))
PREFIXED = LegalRule((((7, 8),), ((8, 9),)), (((0, 2),), ((2, 4),), ((4, 6),)))


def legal(table: MaskTable, entry: tuple[int, int, int], position: int) -> list[int]:
    logits = torch.zeros(1, VOCABULARY)
    table.forbid(logits, torch.tensor([entry]), torch.tensor([position]))
    return logits[0].isfinite().nonzero()[:, 0].tolist()


@given(st.integers(0, 300))
def test_a_cycle_comes_again_and_a_prefix_once(position):
    table = MaskTable(VOCABULARY, torch.device("cpu"))
    frame, prefixed = table.add(FRAME), table.add(PREFIXED)
    assert legal(table, frame, position) == [position % 7, 10]
    first = 2 * ((position - 2) % 3)
    expected = [7 + position] if position < 2 else [first, first + 1]
    assert legal(table, prefixed, position) == expected
    assert legal(table, FREE, position) == list(range(VOCABULARY))


@given(st.integers(-3000, -1))
def test_a_prompt_not_yet_read_to_its_end_asks_for_no_row_outside(position):
    table = MaskTable(VOCABULARY, torch.device("cpu"))
    assert legal(table, table.add(PREFIXED), position) == [7]


def test_rows_of_one_batch_are_told_apart():
    table = MaskTable(VOCABULARY, torch.device("cpu"))
    entries = torch.tensor([table.add(PREFIXED), FREE, table.add(FRAME), table.add(FRAME)])
    logits = torch.ones(4, VOCABULARY)
    assert table.forbid(logits, entries, torch.tensor([1, 5, 8, 0])) is logits
    rows = [row.isfinite().nonzero()[:, 0].tolist() for row in logits]
    assert rows == [[8], list(range(VOCABULARY)), [1, 10], [0, 10]]
    assert (logits[logits.isfinite()] == 1).all()  # what is legal is left as it was


def test_equal_rules_share_their_rows():
    table = MaskTable(VOCABULARY, torch.device("cpu"))
    assert table.add(FRAME) == table.add(LegalRule((), FRAME.cycle))
    assert table.illegal.shape == (1 + 7, VOCABULARY)
    table.add(PREFIXED)
    assert table.illegal.shape == (1 + 7 + 5, VOCABULARY)
