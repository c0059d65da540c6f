"""The instrument against the toolkit's own server: what it delivers is whole by every check."""

import pytest

from benchmarks.runs.runlog import read
from tests.benchmarks.test_command_line import command
from tests.support.tiny_orpheus import tiny_model_folders


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_real_server_is_measured_and_faultless(tmp_path, monkeypatch):
    model, codec = tiny_model_folders()
    monkeypatch.setenv("TTS_MODEL", str(model))
    monkeypatch.setenv("TTS_CODEC", str(codec))
    monkeypatch.setenv("TTS_WARMUP_TEXT", "Hi.")
    monkeypatch.setenv("TTS_SLOTS", "1")
    monkeypatch.setenv("TTS_MEASURE_S", "0")
    code, _, err = await command(
        "iterations", "--serve", "--count", "2", "--text", "Hi.", "--out", str(tmp_path)
    )
    assert code == 0, err
    log = read(tmp_path / "iterations.jsonl")
    assert log.summary.faults == {}
    assert len(log.measured) == 2
    for line in log.measured:
        # The server's own count of frames is there, so that samples were checked against it.
        assert line.server["metrics"]["frames"] * 2048 == sum(n for _, n in line.chunks)
        assert line.measures.ttft_ms < line.measures.ttfa_ms
