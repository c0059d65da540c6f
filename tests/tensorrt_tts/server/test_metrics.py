from dataclasses import replace

import pytest

from tensorrt_tts.server.metrics import ServerMetrics
from tensorrt_tts.server.slots import Slots
from tests.support.backend_double import BackendDouble


def test_an_engine_whose_counts_cannot_be_read_leaves_the_servers_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    backend = BackendDouble()

    def fail() -> None:
        raise RuntimeError("no answer")

    metrics = ServerMetrics(Slots(3, 0), backend)
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
    told = ServerMetrics(Slots(1, 0), backend).text()
    assert b"tts_backend_even 2.0" in told
    assert b"tts_backend_odd" not in told
