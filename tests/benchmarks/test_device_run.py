import json

import pytest

from benchmarks import device_run
from benchmarks.ceilings import Ceilings
from benchmarks.codec_rates import CodecRate
from benchmarks.device_result import FILE
from benchmarks.device_run import DeviceRun
from tests.benchmarks.test_host_overhead import LEVEL

CEILINGS = Ceilings(4000.0, 800.0, 1, 1, 20)


@pytest.fixture
def served(monkeypatch):
    """What servers were started; the search for callers is ended before it has a result."""
    started = []

    async def host_overhead(codec, folder, session, limit, seconds, **options):
        started.append((folder.name, limit, options["more"][-2:]))
        if limit > 1:
            raise KeyboardInterrupt
        return [LEVEL]

    monkeypatch.setattr(device_run, "host_overhead", host_overhead)
    monkeypatch.setattr(device_run, "ceilings", lambda device: CEILINGS)
    monkeypatch.setattr(device_run, "open_codec", lambda name, device: (None, None))
    monkeypatch.setattr(device_run, "codec_rates", lambda codec, batches: [CodecRate(1, 2.0, 40.0)])
    monkeypatch.setattr(device_run, "versions", dict)
    return started


async def test_a_run_that_is_ended_keeps_the_stages_it_had_done(tmp_path, served):
    run = DeviceRun("tiny", "cpu", tmp_path)
    with pytest.raises(KeyboardInterrupt):
        await run.run(("callers", "first-audio", "codec"))
    assert served == [("first-audio", 1, ["--hand-on", "1"]), ("callers", 512, ["--hand-on", "7"])]
    found = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    assert list(found["stage_s"]) == ["codec", "first-audio"]
    assert found["codec_rates"][0]["batch"] == 1
    assert found["hand_on"] == {"first-audio": 1}


async def test_the_next_call_adds_to_it(tmp_path, served):
    run = DeviceRun("tiny", "cpu", tmp_path)
    await run.run(("first-audio",))
    found = await run.run(("ceilings",))
    assert (found.first_audio, found.ceilings) == (LEVEL, CEILINGS)


async def test_a_codec_that_costs_nothing_is_not_timed(tmp_path, served):
    found = await DeviceRun("tiny", "cpu", tmp_path, codec="null").run(("codec",))
    assert found.codec_rates == []
