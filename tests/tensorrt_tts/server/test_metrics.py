import asyncio
import os
from dataclasses import replace

import pytest

from tensorrt_tts.codecs.scheduler import SchedulerStats
from tensorrt_tts.server.metrics import ServerMetrics
from tensorrt_tts.server.slots import Slots
from tests.support.backend_double import BackendDouble


def test_an_engine_whose_counts_cannot_be_read_leaves_the_servers_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    backend = BackendDouble()

    def fail() -> None:
        raise RuntimeError("no answer")

    metrics = ServerMetrics(Slots(3, 0), backend, SchedulerStats)
    assert b"tts_backend_running 0.0" in metrics.text()
    monkeypatch.setattr(backend, "stats", fail)
    told = metrics.text()
    assert b"tts_slots 3.0" in told
    assert b"tts_backend" not in told
    assert "no answer" in caplog.text


@pytest.mark.parametrize("odd", [None, "many", [1]])
def test_a_count_that_is_no_number_is_left_out(monkeypatch: pytest.MonkeyPatch, odd) -> None:
    backend = BackendDouble()
    stats = replace(backend.stats(), extra={"odd": odd, "even": 2})
    monkeypatch.setattr(backend, "stats", lambda: stats)
    told = ServerMetrics(Slots(1, 0), backend, SchedulerStats).text()
    assert b"tts_backend_even 2.0" in told
    assert b"tts_backend_odd" not in told


def test_the_codecs_counts_are_those_of_its_scheduler_when_asked() -> None:
    stats = SchedulerStats(batches=2, jobs=5, hops=7, busy_s=1.5, wait_s=0.25, late_s=0.125)
    metrics = ServerMetrics(Slots(1, 0), BackendDouble(), lambda: stats)
    for line in (
        b"tts_codec_batches_total 2.0",
        b"tts_codec_jobs_total 5.0",
        b"tts_codec_hops_total 7.0",
        b"tts_codec_busy_seconds_total 1.5",
        b"tts_codec_wait_seconds_total 0.25",
        b"tts_codec_late_seconds_total 0.125",
        b"tts_codec_worst_wait_seconds 0.0",
    ):
        assert line in metrics.text()
    stats.batches += 1
    stats.worst_wait_s = 0.5
    assert b"tts_codec_batches_total 3.0" in metrics.text()
    assert b"tts_codec_worst_wait_seconds 0.5" in metrics.text()


async def test_what_a_leak_would_show_in_is_there() -> None:
    metrics = ServerMetrics(Slots(1, 0), BackendDouble(), SchedulerStats)
    sample = metrics.registry.get_sample_value
    tasks = sample("tts_tasks")
    assert tasks is not None
    waiting = [asyncio.create_task(asyncio.sleep(60)) for _ in range(3)]
    assert sample("tts_tasks") == tasks + 3
    for task in waiting:
        task.cancel()
    opened = sample("process_open_fds")
    reading, writing = os.pipe()
    assert sample("process_open_fds") == opened + 2
    os.close(reading)
    os.close(writing)
    assert (sample("process_resident_memory_bytes") or 0) > 1 << 20


def test_counts_are_read_outside_a_loop_too() -> None:
    metrics = ServerMetrics(Slots(1, 0), BackendDouble(), SchedulerStats)
    assert metrics.registry.get_sample_value("tts_tasks") == 0
