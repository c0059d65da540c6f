from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.decode_cost import (
    DecodeCost,
    decode_costs,
    open_codec,
    random_ids,
    spread,
    table,
)
from tensorrt_tts.errors import CheckpointNotFoundError
from tensorrt_tts.families.orpheus.frames import parse
from tests.support.tiny_snac import write_snac


@given(st.integers(1, 50), st.integers(0, 700), st.integers(1, 20))
def test_sampled_hops_are_spread_over_all_of_them(first, more, count):
    last = first + more
    chosen = spread(first, last, count)
    assert chosen == sorted(set(chosen))
    assert first <= chosen[0] <= chosen[-1] <= last
    assert len(chosen) == min(count, last - first + 1)
    # A cost that grows linearly is met to half a hop.
    assert sum(chosen) / len(chosen) == pytest.approx((first + last) / 2, abs=0.5)


def test_random_ids_are_clean_frames():
    from tensorrt_tts.families.orpheus.tokens import OrpheusTokens

    tokens = OrpheusTokens(codebook_size=40)
    _, counts, _ = parse(random_ids(tokens, 9), tokens)
    assert (counts.accepted, counts.stray) == (9, 0)


def test_every_policy_is_timed_at_every_length(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.decode_cost.MAX_REPEATS", 2)
    codec, tokens = open_codec(str(write_snac(tmp_path / "snac")), "cpu")
    rows = decode_costs(codec, tokens, (1.0, 2.0), sampled_hops=3)
    assert [row.policy for row in rows[:5]] == [
        "offline",
        "windowed (ours)",
        "stateful (ours)",
        "28-token window",
        "decode again",
    ]
    assert len(rows) == 10
    assert all(row.cpu > 0 and row.wall > 0 for row in rows)
    assert rows[0].relative == 1.0
    assert {row.repeats for row in rows} == {2}
    again = rows[4]
    assert (again.hops, again.hops_timed) == (12 - 5, 3)
    # The longer the stream, the dearer a second of it: that is what is wrong with decoding again.
    assert rows[9].cpu > rows[4].cpu
    text = table(rows)
    assert "* from 3 of 7, 3 of 18 hops" in text


def test_on_a_gpu_the_cost_is_wall_time():
    row = DecodeCost(
        "offline",
        5.0,
        cpu=0.9,
        wall=0.25,
        clock="wall",
        relative=1.0,
        hops=1,
        hops_timed=1,
        repeats=1,
    )
    assert row.cost == 0.25
    assert "Wall-clock seconds" in table([row])
    assert "0.250" in table([row])
    assert "CPU seconds" in table([replace(row, clock="cpu")])


def test_a_codec_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CheckpointNotFoundError):
        open_codec(str(tmp_path), "cpu")
