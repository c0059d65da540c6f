import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.codecs.coded import coded_bicodec, coded_snac, open_bicodec, open_codec
from benchmarks.codecs.decode_cost import DecodeCost, decode_costs, spread, table
from benchmarks.codecs.paced import listen
from benchmarks.command_line import main as benchmarks
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


def test_every_policy_is_timed_at_every_length(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.codecs.decode_cost.MAX_REPEATS", 2)
    codec, tokens = open_codec(str(write_snac(tmp_path / "snac")), "cpu")
    rows = decode_costs(coded_snac(codec, tokens), (1.0, 2.0), sampled_hops=3)
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


def test_bicodec_beside_the_usual_ways_to_stream_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.codecs.decode_cost.MAX_REPEATS", 1)
    monkeypatch.setattr("benchmarks.codecs.heard.HEARD_FRAMES", 110)
    asked = ["decode-cost", "--codec", "bicodec/32", "--lengths", "2,4", "--out", str(tmp_path)]
    assert benchmarks([*asked]) == 0
    found = json.loads((tmp_path / "decode.json").read_text())
    costs = {(row["policy"], row["length_s"]): row for row in found["decode_cost"]}
    names = list(dict.fromkeys(policy for policy, _ in costs))
    assert names[0] == "offline"
    assert names[-1] == "decode again"
    assert all(row["cpu"] > 0 for row in costs.values())
    assert costs["decode again", 4.0]["hops"] == len(delivered(4.0))
    ours = {row["policy"]: row for row in found["heard"]}
    assert list(ours) == names[1:-1]
    assert {row["missing"] for row in ours.values()} == {0}
    first = {name: row["first_tokens"] - 32 for name, row in ours.items()}
    assert list(first.values()) == [32, 38, 32, 38, 38, 38, 38, 50, 50, 10, 6, 10, 50]
    exact = {name for name, row in ours.items() if row["max_lsb"] <= 2}
    assert exact == {name for name in ours if "ours" in name and first[name] > 10}
    assert all(ours[name]["seams_seams"] == 0 for name in exact)
    # What was asked for at the same first audio is nearer to the offline decode than theirs.
    assert ours["windowed (ours), first at 10"]["mse"] < ours["128-token window, crossfade"]["mse"]
    # Heard when ours is, they have more to play than ours, which waits for what follows.
    borders = ours["stateful (ours)"]["seams_borders"]
    for name in ("128-token window, as stateful", "0.1 s overlap, as stateful"):
        assert ours[name]["dry_s"] <= ours["stateful (ours)"]["dry_s"] + 1e-9
        assert abs(ours[name]["seams_borders"] - borders) <= 1  # how many the end is cut in
    assert ours["stateful (ours), first at 50"]["dry_s"] == pytest.approx(0.0, abs=1e-9)
    assert "first audio" in capsys.readouterr().out


def delivered(seconds):
    coded = coded_bicodec(open_bicodec("bicodec/32", "cpu"))
    way = next(way for way in coded.ways if way.name == coded.again_like)
    return listen(
        coded.codec, coded.parser(), coded.ids(round(seconds * 50)), way.schedule, True
    ).known
