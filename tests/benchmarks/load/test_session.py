import wave

import pytest

from benchmarks.load.session import Session
from benchmarks.load.suites import closed, iterations, sweep
from benchmarks.load.ws_endpoint import WebSocketEndpoint
from benchmarks.prompts import load
from benchmarks.runs.run_logger import JsonlLogger, RunLoggers
from benchmarks.runs.runlog import Score, read
from tensorrt_tts.errors import MissingDependencyError
from tests.benchmarks import fake_server
from tests.benchmarks.fake_server import FRAME, Script, running


async def run(suite, folder, save_audio=False, score=None):
    told = []
    session = Session(
        folder, "fake", {"a": 1}, save_audio, lambda line, total: told.append(line.index), score
    )
    async with running(Script(frames=2, pace=0.05)) as (url, _):
        with RunLoggers([JsonlLogger(folder / "run.jsonl")]) as loggers:
            await session.run(suite, WebSocketEndpoint(url), loggers)
    log = read(folder / "run.jsonl")
    assert told == list(range(len(log.requests)))
    return log


async def test_a_sweep_logs_three_cold_requests_apart_and_then_every_text(tmp_path):
    log = await run(sweep("en", None), tmp_path, save_audio=True)
    assert [line.phase for line in log.requests[:4]] == ["cold", "cold", "cold", "measured"]
    assert [line.text for line in log.measured] == [prompt.text for prompt in load("en")]
    assert log.summary.requests == 22
    names = {path.name for path in (tmp_path / "audio").iterdir()}
    assert {"cold_1.wav", "cold_3.wav", "sweep_en-01.wav", "sweep_en-22.wav"} <= names
    assert len(names) == 25
    with wave.open(str(tmp_path / log.requests[3].audio)) as file:
        assert (file.getframerate(), file.getnframes()) == (24000, 2 * FRAME)


async def test_a_text_that_is_repeated_keeps_each_answer_and_judges_drift(tmp_path):
    log = await run(iterations("en", None, 6), tmp_path, save_audio=True)
    assert len({line.audio for line in log.requests}) == 6
    assert set(log.summary.extra["drift"]) == {"ttfa_ms", "rtf"}


async def test_streams_at_once_are_interpreted_when_all_are_done(tmp_path):
    log = await run(closed("en", None, 3, 2, stagger=0.02), tmp_path)
    assert log.summary.requests == 6
    assert len(log.requests) > 6
    assert {line.phase for line in log.requests} == {"edge", "measured"}
    assert [line.scheduled for line in log.requests] == sorted(
        line.scheduled for line in log.requests
    )
    assert log.run.workload["streams"] == 3
    assert log.summary.at_once.wanted == 3
    assert 1.5 < log.summary.at_once.observed <= 3
    assert log.summary.delivered_s > log.summary.audio_s
    assert log.summary.faults == {}


async def test_audio_is_scored_after_the_run_and_kept_for_it(tmp_path):
    def score(lines, folder):
        assert all((folder / line.audio).is_file() for line in lines)
        return [Score(index=line.index, words=1, wer=0.5) for line in lines]

    log = await run(iterations("en", None, 4), tmp_path, score=score)
    assert log.summary.distributions["wer"].mean == 0.5
    assert set(log.scores) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    "error", [RuntimeError("no model"), MissingDependencyError("--score needs 'faster_whisper'")]
)
async def test_scores_that_fail_leave_the_run_whole(tmp_path, capsys, error):
    def score(lines, folder):
        raise error

    log = await run(iterations("en", None, 2), tmp_path, score=score)
    assert log.summary.requests == 2
    assert log.scores == {}
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: no scores (")
    assert line.endswith(f"; the audio is in {tmp_path / 'audio'}")


async def test_progress_that_fails_leaves_the_run_whole(tmp_path, capsys):
    def progress(line, total):
        raise BrokenPipeError(32, "Broken pipe")

    session = Session(tmp_path, "fake", {}, False, progress)
    async with running(Script(frames=2, pace=0.05)) as (url, _):
        with RunLoggers([JsonlLogger(tmp_path / "run.jsonl")]) as loggers:
            await session.run(iterations("en", None, 3), WebSocketEndpoint(url), loggers)
    assert read(tmp_path / "run.jsonl").summary.requests == 3
    assert capsys.readouterr().err.count("warning: no progress") == 1


async def test_refusals_are_counted_and_logged(tmp_path):
    error = {"code": "overloaded", "message": "full", "retry_after": 0.01}
    session = Session(tmp_path, "fake", {}, False, lambda line, total: None)
    async with running(Script(refuse=error), Script(frames=1)) as (url, _):
        with RunLoggers([JsonlLogger(tmp_path / "run.jsonl")]) as loggers:
            await session.run(closed("en", None, 1, 3), WebSocketEndpoint(url), loggers)
    log = read(tmp_path / "run.jsonl")
    assert [line.refused for line in log.requests] == [True, False, False]
    assert log.requests[0].retry_after == 0.01
    assert (log.summary.refused, log.summary.failed, log.summary.requests) == (1, 1, 3)


@pytest.mark.parametrize(
    "odd",
    [
        {"metrics": {"ttft_ms": float("nan"), "generation_time_s": float("inf"), "tokens": "7"}},
        {"metrics": {"ttft_ms": "soon", "frames": None, "generation_time_s": [1]}},
        {"metrics": [1, 2]},
        {"bytes": "many", "chunks": None, "metrics": None},
    ],
)
async def test_what_a_server_says_of_itself_cannot_end_a_run(tmp_path, monkeypatch, odd):
    told = fake_server.final
    monkeypatch.setattr(fake_server, "final", lambda *of: told(*of) | odd)
    log = await run(iterations("en", None, 2), tmp_path)
    assert log.summary.failed == 0
    assert [line.measures.ttft_ms for line in log.requests] in ([None] * 2, [1.0] * 2)
    assert [line.measures.chunks for line in log.requests] == [2, 2]
