import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from demo_voice.growth import difference, grown, split_codes
from tensorrt_tts.errors import SettingError

symbols = st.lists(st.sampled_from("abcdefकखग"), unique=True)


@given(symbols, symbols, st.sampled_from([(), (3,), (2, 1)]))
def test_rows_go_where_their_symbols_are(
    old: list[str], new: list[str], inner: tuple[int, ...]
) -> None:
    rows = torch.arange(len(old)).reshape(-1, *(1 for _ in inner)).expand(-1, *inner) + 1.0
    fresh = -torch.ones(len(new), *inner)
    table = grown(rows, old, new, fresh)
    assert table.shape == fresh.shape
    for place, name in enumerate(new):
        expected = rows[old.index(name)] if name in old else fresh[place]
        assert torch.equal(table[place], expected)
    assert bool((fresh == -1).all())


@given(symbols)
def test_what_did_not_grow_is_as_it_was(names: list[str]) -> None:
    rows = torch.rand(len(names), 2)
    assert torch.equal(grown(rows, names, names, torch.zeros_like(rows)), rows)


def test_what_is_told() -> None:
    assert difference("abc", "cba") == "3 symbols taken over"
    assert difference("abc", ["b", "क", "<|spare_7|>"]) == "1 symbols taken over, 1 new: क"


@given(st.integers(1, 4), st.integers(1, 3))
def test_split_codes_lie_about_where_theirs_did(codes: int, times: int) -> None:
    rows = torch.rand(2, codes, 3)
    table = split_codes(rows, codes * times, apart=1e-3)
    assert table.shape == (2, codes * times, 3)
    assert torch.equal(table[:, :codes], rows)
    assert torch.allclose(table, rows.repeat(1, times, 1), atol=0.01)
    assert len(set(map(tuple, table[0].tolist()))) == codes * times
    assert torch.equal(split_codes(rows, codes), rows)


def test_codes_split_into_a_multiple_only() -> None:
    with pytest.raises(SettingError, match="12 codes cannot come of 8; give --codes a multiple"):
        split_codes(torch.zeros(8, 2), 12)
