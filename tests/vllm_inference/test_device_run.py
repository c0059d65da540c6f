"""The device benchmark's steps with the real engine, on a shape that this CPU can carry."""

import json
from dataclasses import asdict

import pytest

from benchmarks.device_run import as_json, device_run, report

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("default"),  # vLLM's dependencies warn while they are imported
]


async def test_every_step_on_the_tiny_shape(tmp_path):
    said: list[str] = []
    run = await device_run(
        "tiny", "cpu", tmp_path, (1, 2), 1, seconds=2.0, codec="null", alone=3, say=said.append
    )
    assert [rate.batch for rate in run.backbone] == [1, 2]
    assert all(0 < rate.share < 2 for rate in run.backbone)  # "tiny" fits into the caches
    level = run.levels[0]
    assert level.streams == 1
    assert level.faults == 0
    assert level.ttfa_p50_ms is not None
    assert run.streams_held in (0, 1)  # by how busy this machine is
    found = json.loads(as_json(run, {}))
    assert found["ceilings"] == asdict(run.ceilings)
    assert "callers held" in report(run)
    assert said
