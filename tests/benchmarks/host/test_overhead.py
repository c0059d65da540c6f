import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.host.overhead import (
    Level,
    client_limit,
    host_overhead,
    largest_held,
    level_of,
    results,
    retried,
    search,
    streams_held,
    table,
)
from benchmarks.listener.integrity import Fault
from benchmarks.load.session import Session
from benchmarks.runs.loop_lag import LoopLag
from benchmarks.runs.runlog import read
from benchmarks.runs.summary import lag_line, summarize
from tests.benchmarks.exchanges import request

LEVEL = Level(
    codec="null",
    streams=1,
    held=True,
    at_once=1.0,
    c100=1.0,
    c50=0.9,
    ttfa_p50_ms=250.0,
    ttfa_p99_ms=300.0,
    stream_rtf_p99=0.99,
    faults=0,
    cpu=0.004,
    client_cpu=0.002,
)
LATE = {"held": False, "objection": "client too busy", "short": ("run not valid: client too busy",)}
SLOW = {"held": False, "short": ("p99 first audio within 500 ms: 900 ms",)}


@given(st.integers(0, 300), st.integers(1, 256), st.sampled_from([1, 16]))
def test_the_search_finds_what_is_held_to_an_eighth(capacity, limit, first):
    import asyncio

    tried = []

    async def attempt(streams):
        tried.append(streams)
        return replace(LEVEL, streams=streams, held=streams <= capacity)

    levels = asyncio.run(search(attempt, limit, first))
    found, true = largest_held(levels), min(capacity, limit)
    assert found <= true
    assert true - found <= max(1, found // 8)
    assert len(tried) == len(set(tried)) <= 16
    assert max(tried) <= limit


@pytest.mark.parametrize(
    ("outcomes", "chosen"),
    [([{}], 0), ([SLOW, {}], 1), ([LATE, {}], 1), ([LATE, SLOW], 1), ([SLOW, LATE], 0)],
)
async def test_a_level_that_is_not_held_is_tried_again(outcomes, chosen):
    levels = [replace(LEVEL, faults=n, **changes) for n, changes in enumerate(outcomes)]
    tries = iter(levels)

    async def once(streams):
        return next(tries)

    assert await retried(once)(4) is levels[chosen]
    assert next(tries, None) is None


def test_a_level_is_held_by_what_the_toolkit_calls_real_time_streams():
    quiet = lag_line(LoopLag([(0.0, 0.001)] * 100))
    late = lag_line(LoopLag([(0.0, 0.2)] * 100))
    whole = [request(n).model_copy(update={"scheduled": 0.0}) for n in range(2)]
    tardy = [request(n, arrivals=[0.9 + 0.04 * k for k in range(12)]) for n in range(2)]
    assert level_of("null", 2, summarize(whole, quiet, 1.0, streams=2), 1.0, 1.0).held
    few = level_of("null", 4, summarize(whole, quiet, 1.0, streams=4), 1.0, 1.0)
    assert (few.held, few.short) == (False, ("4 streams at once: 2.0 on average",))
    slow = level_of("null", 1, summarize(tardy[:1], quiet, 1.0, streams=1), 1.0, 1.0)
    assert (slow.held, slow.c100, slow.objection) == (False, 1.0, None)
    unknown = level_of("null", 2, summarize(whole, late, 1.0, streams=2), 1.0, 1.0)
    assert not unknown.held
    assert "client too busy" in unknown.objection


def test_what_is_forgiven_is_no_reason_not_to_be_held():
    quiet = lag_line(LoopLag([(0.0, 0.001)] * 100))
    lossy = [
        request(n).model_copy(update={"scheduled": 0.0, "faults": (Fault.FRAMES,)})
        for n in range(2)
    ]
    summary = summarize(lossy, quiet, 1.0, streams=2)
    assert not level_of("null", 2, summary, 1.0, 1.0).held
    level = level_of("null", 2, summary, 1.0, 1.0, {Fault.FRAMES})
    assert (level.held, level.faults) == (True, 0)
    assert not level_of("null", 2, summary, 1.0, 1.0, {Fault.SILENT}).held


def test_results_are_a_table_and_json():
    levels = [LEVEL, replace(LEVEL, streams=2, c100=None, ttfa_p50_ms=None, cpu=None, **SLOW)]
    found = json.loads(json.dumps(results(levels)))
    assert (found["streams_held"], found["client_limit"]) == ({"null": 1}, {"null": None})
    lines = table(levels).splitlines()
    assert len(lines) == 3
    assert "4.0" in lines[1]  # CPU ms per stream-second
    assert lines[2].endswith(SLOW["short"][0])


def test_a_late_client_ends_the_search_with_a_lower_bound_and_says_so():
    levels = [LEVEL, replace(LEVEL, streams=4, **SLOW), replace(LEVEL, streams=2, **LATE)]
    assert client_limit(levels) == "client too busy"
    assert streams_held(levels) == "at least 1 (client limit reached: client too busy)"
    assert results(levels)["client_limit"] == {"null": "client too busy"}
    assert "client  " in table(levels).splitlines()[2]


def test_a_server_that_fails_next_is_its_own_limit():
    levels = [LEVEL, replace(LEVEL, streams=4, **LATE), replace(LEVEL, streams=2, **SLOW)]
    assert client_limit(levels) is None
    assert streams_held(levels) == "1"
    assert client_limit([LEVEL]) is None


async def test_the_real_server_carries_the_engine_double(tmp_path):
    pytest.importorskip("uvicorn")
    session = Session(tmp_path, "host", {}, False, lambda line, total: None)
    # Twice real time leaves a busy machine room; what counts here is that it is whole and measured.
    (level,) = await host_overhead("null", tmp_path, session, limit=1, seconds=1.0, rate=164.0)
    assert level.faults == 0
    assert level.at_once == pytest.approx(1, abs=0.05)
    assert level.ttfa_p50_ms > 18 / 164.0 * 1000  # no audio before 18 tokens
    assert 0 < level.cpu < 1
    assert (tmp_path / "server-null.log").is_file()
    log = read(tmp_path / "host-null-0001.jsonl")
    assert [line.phase for line in log.requests] == ["measured", "measured"]
    assert len({line.measures.audio_s for line in log.requests}) == 1
