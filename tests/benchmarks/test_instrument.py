"""The instrument against a real socket with planted faults: each is caught by the figure that
should catch it, and by no other; a clean run shows none."""

import asyncio
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from benchmarks.listener.integrity import Fault
from benchmarks.load.session import Session
from benchmarks.load.suites import iterations
from benchmarks.load.ws_endpoint import WebSocketEndpoint
from benchmarks.runs.loop_lag import LoopLag
from benchmarks.runs.run_logger import JsonlLogger, RunLoggers
from benchmarks.runs.runlog import read
from tests.benchmarks.fake_server import FRAME, RATE, Script, running, wav_header

FRAME_MS = 1000 * FRAME / RATE
SLACK_MS = 300.0
"""What a busy machine may add to a time, or take from it; what is planted is twice as large."""


async def run(script: Script, folder: Path, count: int = 2, progress=lambda line, total: None):
    session = Session(folder, "fake", {}, save_audio=False, progress=progress)
    async with running(script) as (url, _):
        with RunLoggers([JsonlLogger(folder / "run.jsonl")]) as loggers:
            await session.run(iterations("en", None, count), WebSocketEndpoint(url, 20), loggers)
    return read(folder / "run.jsonl")


async def test_a_clean_run_reports_nothing(tmp_path):
    for _ in range(5):
        log = await run(Script(pace=0.3), tmp_path)
        assert log.summary.faults == {}
        assert log.summary.failed == 0
        if log.summary.valid:
            break
    else:
        machine = log.run.hardware
        if machine.load > machine.cores / 2:
            pytest.skip(f"this machine is busy: {log.summary.objection}")
        pytest.fail(f"an idle machine is not believed: {log.summary.objection}")
    assert [row.c50 for row in log.summary.continuity] == [1.0, 1.0, 1.0]
    assert all(line.measures.stalls == 0 for line in log.requests)
    assert all(line.headers == () and line.empty == () for line in log.requests)


@pytest.mark.parametrize(
    ("late", "valid"), [([0.001] * 99 + [0.02], True), ([0.001] * 97 + [0.02] * 3, False)]
)
async def test_a_client_is_believed_by_its_own_lag_alone(tmp_path, monkeypatch, late, valid):
    """With the lag given, this machine's own is of no account."""

    class Given(LoopLag):
        def during(self, spans):
            return LoopLag([(spans[0][0], seconds) for seconds in late])

    @asynccontextmanager
    async def given_lag():
        yield Given()

    monkeypatch.setattr("benchmarks.load.session.watch_lag", given_lag)
    log = await run(Script(frames=2, pace=0.1), tmp_path)
    assert log.summary.valid is valid
    assert (log.summary.objection is None) is valid
    assert log.lag.lag_ms.n == 100


async def test_a_stall_is_an_underrun(tmp_path):
    # At real time nothing is in hand, so a listener hears the whole stall.
    log = await run(Script(frames=8, pace=1.0, stall=(4, 2 * SLACK_MS / 1000)), tmp_path)
    for line in log.requests:
        assert line.measures.underruns_ms[0] > SLACK_MS
        assert line.measures.stalls >= 1
        assert line.measures.max_gap_ms > SLACK_MS + FRAME_MS
    assert log.summary.continuity[0].c100 == 0.0
    assert log.summary.faults == {}


async def test_a_stall_that_audio_in_hand_covers_is_a_gap_but_no_underrun(tmp_path):
    log = await run(Script(frames=16, pace=0.1, stall=(14, 0.9)), tmp_path)  # 1.2 s are in hand
    for line in log.requests:
        assert line.measures.max_gap_ms > 2 * SLACK_MS
        assert line.measures.underruns_ms[0] < SLACK_MS


async def test_a_dropped_chunk_is_missing_audio(tmp_path):
    log = await run(Script(drop=5), tmp_path)
    assert log.summary.faults == {Fault.MISSING: 2, Fault.FRAMES: 2}
    assert log.summary.verdict == "faulty"


async def test_a_duplicated_chunk_is_extra_audio(tmp_path):
    log = await run(Script(repeat=5), tmp_path)
    assert log.summary.faults == {Fault.EXTRA: 2, Fault.REPEATED: 2, Fault.FRAMES: 2}


@pytest.mark.parametrize(
    "early", [{"header": True}, {"empty": True}, {"say": '{"type": "started"}'}]
)
async def test_what_comes_early_and_is_no_audio_is_not_first_audio(tmp_path, early):
    log = await run(Script(think=0.25, **early), tmp_path)
    for line in log.requests:
        assert line.measures.ttfa_ms >= 250
        assert [size for _, size in line.headers] == [len(wav_header())] * ("header" in early)
        assert len(line.empty) == ("empty" in early)
    assert log.summary.faults == {}


async def test_a_client_that_is_busy_says_so(tmp_path):
    async with running(Script(frames=8)) as (url, _):
        endpoint = WebSocketEndpoint(url, 20)
        session = Session(tmp_path, "fake", {}, False, lambda line, total: None)
        suite = iterations("en", None, 2)
        drive = suite.drive

        async def busy(at, seen):
            speaking = asyncio.create_task(drive(at, seen))
            await asyncio.sleep(0.1)
            time.sleep(0.2)  # noqa: ASYNC251  what is planted: the event loop stands still
            return await speaking

        planted = type(suite)(suite.name, suite.workload, suite.total, busy)
        with RunLoggers([JsonlLogger(tmp_path / "run.jsonl")]) as loggers:
            summary = await session.run(planted, endpoint, loggers)
    assert not summary.valid
    assert "client too busy" in summary.objection
    assert read(tmp_path / "run.jsonl").lag.lag_ms.max > 150


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (Script(error=True), "backend_error: the model died"),
        (Script(close=True), "connection lost"),
    ],
)
async def test_an_answer_that_breaks_off_has_failed(tmp_path, script, reason):
    log = await run(script, tmp_path, count=1)
    assert reason in log.requests[0].error
    assert log.summary.faults == {Fault.FAILED: 1}
    assert log.summary.continuity[0].c100 == 0.0


async def test_a_server_that_never_finishes_is_given_up(tmp_path):
    session = Session(tmp_path, "fake", {}, False, lambda line, total: None)
    async with running(Script(frames=2, final=False), Script(frames=2)) as (url, server):
        with RunLoggers([JsonlLogger(tmp_path / "run.jsonl")]) as loggers:
            summary = await session.run(
                iterations("en", None, 2), WebSocketEndpoint(url, 2), loggers
            )
    assert summary.faults == {Fault.FAILED: 1}
    given_up, following = read(tmp_path / "run.jsonl").requests
    assert given_up.error == "no end of the answer within 2 s"
    assert given_up.ended >= 2
    assert (given_up.measures.chunks, given_up.server) == (2, None)  # what it said is kept
    assert (following.error, following.measures.chunks) == (None, 2)
    assert server.sockets == 2
