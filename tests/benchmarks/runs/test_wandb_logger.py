import json
import sys
import threading
from dataclasses import replace

import pytest

from benchmarks.runs import wandb_logger
from benchmarks.runs.run_logger import RunLoggers
from benchmarks.runs.runlog import Score
from benchmarks.runs.wandb_logger import CHUNK_COLUMNS, PROMPT_COLUMNS, WandbLogger
from tests.benchmarks.exchanges import request
from tests.benchmarks.recording_wandb import RecordingWandb, Run
from tests.benchmarks.runs.test_runlog import run_line
from tests.plot_metrics.answered import refused, spoken, torn


@pytest.fixture
def recording(monkeypatch):
    double = RecordingWandb()
    monkeypatch.setitem(sys.modules, "wandb", double)
    return double


def log_two(folder, **options):
    lines = [request(0, phase="cold"), request(1)]
    with RunLoggers([WandbLogger("voices", folder, **options)]) as loggers:
        loggers.start(run_line())
        for line in lines:
            loggers.line(line)
        loggers.line(Score(index=1, wer=0.5, mos=3.25))
    return lines


def test_each_request_is_logged_with_its_phase(recording, tmp_path):
    lines = log_two(tmp_path)
    run = recording.run
    assert (run.project, run.mode, run.finished) == ("voices", "offline", 1)
    cold, measured = (entry for entry in run.logged if "request" in entry)
    assert cold["request"] == 0
    assert cold["cold/client_ttfa_ms"] == lines[0].measures.ttfa_ms
    assert measured["measured/client_rtf"] == lines[1].measures.rtf
    assert measured["measured/server_ttft_ms"] == 1.0
    assert not any(name.startswith("cold/") for name in measured)


def test_tables_hold_every_prompt_and_every_chunk(recording, tmp_path):
    lines = log_two(tmp_path)
    tables = recording.run.logged[-1]
    prompts, chunks = tables["prompts"], tables["chunk_events"]
    assert prompts.columns == list(PROMPT_COLUMNS)
    assert [row[0] for row in prompts.data] == [0, 1]
    assert prompts.data[1][-2:] == [0.5, 3.25]
    assert chunks.columns == list(CHUNK_COLUMNS)
    assert len(chunks.data) == sum(line.measures.chunks for line in lines)
    assert chunks.data[0][3] is None  # the first chunk of an answer has no gap
    assert chunks.data[12][:2] == [1, 0]


def test_the_run_is_ended_when_the_benchmark_fails(recording, tmp_path):
    def fail():
        with RunLoggers([WandbLogger("voices", tmp_path)]) as loggers:
            loggers.start(run_line())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert recording.run.finished == 1


def test_offline_needs_no_account_and_leaves_a_run_to_sync(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    lines = log_two(tmp_path)
    (folder,) = (tmp_path / "wandb").glob("offline-run-*")
    (saved,) = folder.glob("run-*.wandb")
    assert saved.stat().st_size > 0
    (path,) = folder.glob("files/media/table/chunk_events_*.table.json")
    table = json.loads(path.read_text(encoding="utf-8"))
    assert table["columns"] == list(CHUNK_COLUMNS)
    assert [row[:2] for row in table["data"]] == [
        [line.index, number] for line in lines for number in range(line.measures.chunks)
    ]


def test_a_run_with_failed_answers_keeps_its_tables(tmp_path, monkeypatch):
    """With the real one: an answer without a chunk has no row there, and no figure."""
    pytest.importorskip("wandb")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    lines = [refused(0), spoken(1), torn(2), nothing_finite(3)]
    with RunLoggers([WandbLogger("voices", tmp_path)]) as loggers:
        loggers.start(run_line())
        for line in lines:
            loggers.line(line)
        loggers.line(Score(index=1, wer=0.5, mos=None))
    (path,) = tmp_path.glob("wandb/offline-run-*/files/media/table/chunk_events_*.table.json")
    rows = json.loads(path.read_text(encoding="utf-8"))["data"]
    assert [row[0] for row in rows] == [line.index for line in lines for _ in line.chunks]
    assert 0 not in [row[0] for row in rows]
    (path,) = tmp_path.glob("wandb/offline-run-*/files/media/table/prompts_*.table.json")
    assert [row[0] for row in json.loads(path.read_text(encoding="utf-8"))["data"]] == [0, 1, 2, 3]


def nothing_finite(index):
    line = spoken(index)
    odd = replace(line.measures, rtf=float("nan"), ttfa_ms=float("inf"), stream_rtf=None)
    return line.model_copy(update={"measures": odd})


@pytest.mark.parametrize("at", ["log", "finish"])
@pytest.mark.parametrize("worse", [None, ConnectionResetError("gone"), SystemExit(1)])
def test_a_run_that_cannot_be_ended_is_let_go_at_once(monkeypatch, tmp_path, at, worse):
    """Not when the interpreter ends, where W&B's own hook would print a traceback."""
    double = RecordingWandb(**{at: ConnectionResetError("Connection lost"), "teardown": worse})
    monkeypatch.setitem(sys.modules, "wandb", double)
    logger = WandbLogger("voices", tmp_path)
    logger.start(run_line())
    with pytest.raises(ConnectionResetError, match="Connection lost"):
        logger.finish()
    assert (double.run.finished, double.torn_down) == (1, 1)
    logger.finish()  # there is nothing left to end
    assert double.run.finished == 1


def test_a_process_that_hangs_is_not_waited_for(recording, monkeypatch, tmp_path):
    released = threading.Event()
    monkeypatch.setattr(wandb_logger, "UPLOAD_S", 0.01)
    monkeypatch.setattr(wandb_logger, "PATIENCE_S", 0.01)
    monkeypatch.setattr(Run, "finish", lambda run: released.wait())
    monkeypatch.setattr(RecordingWandb, "teardown", lambda wandb: released.wait())
    logger = WandbLogger("voices", tmp_path)
    logger.start(run_line())
    with pytest.raises(TimeoutError, match=r"did not end within 0\.02 s"):
        logger.finish()
    released.set()
