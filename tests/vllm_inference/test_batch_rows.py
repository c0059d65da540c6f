from hypothesis import given
from hypothesis import strategies as st

from vllm_inference.batch_rows import BatchRows

ROWS = 5
MOVES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans()), max_size=4)
UPDATE = st.tuples(
    st.sets(st.integers(0, 4)),
    st.dictionaries(st.integers(0, 4), st.one_of(st.none(), st.text(max_size=2))),
    MOVES,
)


@given(st.lists(UPDATE, max_size=8))
def test_follows_a_plain_batch(updates):
    """The same updates applied to a plain array of rows, read row by row."""
    rows: BatchRows[str] = BatchRows()
    batch: list[str | None] = [None] * ROWS
    for removed, added, moved in updates:
        moves = [move for move in moved if move[0] != move[1]]
        rows.update(removed, list(added.items()), moves)
        for row in removed:
            batch[row] = None
        for row, entry in added.items():
            batch[row] = entry
        for source, target, swap in moves:
            leaving = batch[target]
            batch[target] = batch[source]
            batch[source] = leaving if swap else None
        assert dict(rows) == {row: entry for row, entry in enumerate(batch) if entry is not None}
        assert len(rows) == sum(entry is not None for entry in batch)


def test_an_added_request_of_no_interest_clears_its_row():
    rows: BatchRows[str] = BatchRows()
    rows.update([], [(0, "a")], [])
    rows.update([], [(0, None)], [])
    assert len(rows) == 0
