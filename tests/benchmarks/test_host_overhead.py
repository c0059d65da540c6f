import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.host_overhead import Level, as_json, host_overhead, largest_held, search, table
from benchmarks.session import Session

LEVEL = Level("null", 1, True, 1.0, 0.9, 250.0, 300.0, 0.99, 0, 0.004, 0.002, None)


@given(st.integers(0, 300), st.integers(1, 256))
def test_the_search_finds_what_is_held_to_an_eighth(capacity, limit):
    import asyncio

    tried = []

    async def attempt(streams):
        tried.append(streams)
        return replace(LEVEL, streams=streams, held=streams <= capacity)

    levels = asyncio.run(search(attempt, limit))
    found, true = largest_held(levels), min(capacity, limit)
    assert found <= true
    assert true - found <= max(1, found // 8)
    assert len(tried) == len(set(tried)) <= 16
    assert max(tried) <= limit


def test_results_are_a_table_and_one_line_of_json():
    levels = [LEVEL, replace(LEVEL, streams=2, held=False, c100=None, ttfa_p50_ms=None)]
    assert "\n" not in as_json(levels, {})
    assert json.loads(as_json(levels, {"x": 1}))["streams_held"] == {"null": 1}
    lines = table(levels).splitlines()
    assert len(lines) == 3
    assert "4.0" in lines[1]  # CPU ms per stream-second


async def test_the_real_server_carries_the_engine_double(tmp_path):
    pytest.importorskip("uvicorn")
    session = Session(tmp_path, "host", {}, False, lambda line, total: None)
    # Twice real time leaves a busy machine room; what counts here is that it is whole and measured.
    (level,) = await host_overhead("null", tmp_path, session, limit=1, seconds=2.0, rate=164.0)
    assert level.faults == 0
    assert level.ttfa_p50_ms > 18 / 164.0 * 1000  # no audio before 18 tokens
    assert 0 < level.cpu < 1
    assert (tmp_path / "host-null-0001.jsonl").is_file()
