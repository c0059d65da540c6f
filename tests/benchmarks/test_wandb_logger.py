import json

import pytest

from benchmarks.run_logger import RunLoggers
from benchmarks.runlog import Score
from benchmarks.wandb_logger import CHUNK_COLUMNS, PROMPT_COLUMNS, WandbLogger
from tests.benchmarks.exchanges import request
from tests.benchmarks.recording_wandb import RecordingWandb
from tests.benchmarks.test_runlog import run_line


@pytest.fixture
def recording(monkeypatch):
    double = RecordingWandb()
    monkeypatch.setitem(__import__("sys").modules, "wandb", double)
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
    table = json.loads(path.read_text())
    assert table["columns"] == list(CHUNK_COLUMNS)
    assert [row[:2] for row in table["data"]] == [
        [line.index, number] for line in lines for number in range(line.measures.chunks)
    ]
