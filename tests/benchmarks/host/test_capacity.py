import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.codecs.coded import open_codec, random_ids
from benchmarks.command_line import main
from benchmarks.host.capacity import (
    POLICIES,
    Held,
    Point,
    _point,
    beyond,
    capacity,
    exactness,
    open_policy,
    slots_beyond,
    table,
)
from benchmarks.load.session import Session
from benchmarks.runs.runlog import RunLog
from tensorrt_tts.codecs.baselines import Baseline, FullRedecode, SlidingWindow
from tensorrt_tts.codecs.lookahead import LookaheadStreamingDecoder
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.stability import run
from tensorrt_tts.errors import SettingError
from tensorrt_tts.families.orpheus.frames import FrameParser
from tests.benchmarks.exchanges import request
from tests.support.tiny_snac import TINY, write_snac

FRAME = 2048

HELD = Held(
    codec="demo",
    policy="batched",
    streams=8,
    words="8",
    cpu=0.1,
    missing=0,
    max_lsb=1,
    threads=2,
    load=0.5,
)
POINT = Point(codec="demo", slots=8, callers=16, refused=8, whole=1.0, faults=0)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """A codec folder without noise: the usual decode draws its own afresh, and equals nothing."""
    return str(
        write_snac(tmp_path_factory.mktemp("snac"), TINY.model_copy(update={"noise": False}))
    )


@pytest.mark.parametrize("frames", [2, 4, 9])
@pytest.mark.parametrize(
    ("policy", "baseline"), [("window", SlidingWindow), ("again", FullRedecode)]
)
def test_a_usual_policy_decodes_what_its_baseline_does(quiet, policy, baseline, frames):
    usual, tokens = open_policy(quiet, policy)
    ours, _ = open_codec(quiet, "cpu")
    ids = random_ids(tokens, frames)
    theirs, _ = run(LookaheadStreamingDecoder(usual, FrameParser(tokens)), ids, chunk=5)
    expected, _ = run(LookaheadStreamingDecoder(Baseline(ours, baseline), FrameParser(tokens)), ids)
    assert len(theirs) == len(expected)
    assert len(theirs) == FRAME * (max(0, frames - 3) if policy == "window" else frames)
    assert np.abs(theirs.astype(int) - expected).max(initial=0) <= 1


@pytest.mark.parametrize(
    ("policy", "missing", "exact"),
    [
        ("batched", 0, True),
        ("stateful", 0, True),
        ("single", 0, True),
        ("window", 3 * FRAME, False),
        ("again", 0, True),
    ],
)
def test_exactness_is_that_of_streams_decoded_together(quiet, policy, missing, exact):
    found = exactness(quiet, policy)
    assert len(found) == 4
    assert {one.missing for one in found} == {missing}
    assert {one.exact for one in found} == {exact}


def test_only_ours_batched_runs_several_jobs_together(quiet):
    assert {policy: open_policy(quiet, policy)[0].max_batch > 1 for policy in POLICIES} == {
        "batched": True,
        "stateful": True,
        "single": False,
        "window": False,
        "again": False,
    }


@pytest.mark.parametrize("policy", ["", "windowed", "Batched"])
def test_a_policy_that_is_none_is_refused(quiet, policy):
    with pytest.raises(SettingError, match=f"policy '{policy}'.*batched, stateful, single"):
        open_policy(quiet, policy)


def test_the_usual_policies_keep_no_state(quiet):
    codec, _ = open_policy(quiet, "window")
    with pytest.raises(SettingError, match="stateful True"):
        codec.open(HopSchedule(), stateful=True)


def test_who_was_refused_takes_nothing_from_those_who_were_admitted():
    late = request(1, arrivals=[0.1, *(1.0 + 0.01 * n for n in range(11))])
    refused = request(2).model_copy(update={"refused": True, "error": "overloaded"})
    log = RunLog.model_construct(requests=(request(0), late, refused))
    assert _point("demo", 2, log) == Point("demo", 2, callers=3, refused=1, whole=0.5, faults=0)


def test_results_are_a_table():
    rows = [HELD, replace(HELD, policy="window", streams=0, words="0", cpu=None, missing=6144)]
    lines = table(rows, [POINT, replace(POINT, whole=None)]).splitlines()
    assert len(lines) == 7
    assert "ours, batched" in lines[1]
    assert "28-token window" in lines[2]
    assert lines[5].split() == ["demo", "8", "16", "8", "0", "100%"]


async def test_a_policy_is_measured_and_what_is_beyond_the_slots_is_refused(quiet, tmp_path):
    pytest.importorskip("uvicorn")
    session = Session(tmp_path, "host", {}, False, lambda line, total: None)
    (row,), levels = await capacity(quiet, tmp_path, session, 1, 1.0, ["window"])
    assert (row.policy, row.missing, row.threads) == ("window", 3 * FRAME, 1)
    assert row.cpu > 0
    assert {level.streams for level in levels} == {1}
    (point,) = await beyond(quiet, 1, tmp_path, session, 1.0, shares=(2.0,))
    assert (point.callers, point.refused, point.faults) == (2, 1, 0)


@pytest.mark.parametrize(("held", "slots"), [(36, [36, 28]), (4, [4, 3]), (2, [2, 1]), (1, [1])])
def test_beyond_is_asked_at_the_edge_and_at_what_a_server_offers(held, slots):
    assert slots_beyond(held) == slots


def test_the_streams_held_are_kept_with_every_level_and_what_is_beyond(tmp_path, monkeypatch):
    async def measured(*_, **__):
        return [HELD], []

    async def refused(*_, **__):
        return [POINT]

    monkeypatch.setattr("benchmarks.host.capacity.capacity", measured)
    monkeypatch.setattr("benchmarks.host.capacity.beyond", refused)
    assert main(["capacity", "--codecs", "demo,demo", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "capacity.json").read_text())
    assert [row["streams"] for row in found.pop("capacity")] == [8, 8]
    assert [row["refused"] for row in found.pop("beyond")] == [8] * 4
    assert set(found) == {"levels", "hardware", "versions"}
