import wave

from benchmarks.prompts import load
from benchmarks.run_logger import JsonlLogger, RunLoggers
from benchmarks.runlog import Score, read
from benchmarks.session import Session
from benchmarks.suites import closed, iterations, sweep
from benchmarks.ws_endpoint import WebSocketEndpoint
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
    assert 2 < log.summary.at_once.observed <= 3
    assert log.summary.delivered_s > log.summary.audio_s
    assert log.summary.faults == {}


async def test_audio_is_scored_after_the_run_and_kept_for_it(tmp_path):
    def score(lines, folder):
        assert all((folder / line.audio).is_file() for line in lines)
        return [Score(index=line.index, words=1, wer=0.5) for line in lines]

    log = await run(iterations("en", None, 4), tmp_path, score=score)
    assert log.summary.distributions["wer"].mean == 0.5
    assert set(log.scores) == {0, 1, 2, 3}
