"""The device benchmark with the real engine and a real codec, on shapes that this CPU can carry."""

import json

import pytest

from benchmarks.command_line import main
from benchmarks.device.result import FILE
from benchmarks.runs.runlog import read
from tests.support.tiny_snac import write_snac

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("default"),  # vLLM's dependencies warn while they are imported
]


def test_every_stage_on_the_tiny_shape_in_two_calls(tmp_path, capsys, monkeypatch):
    # The checkout may move on between the calls, and results of two commits are kept apart.
    monkeypatch.setenv("TENSORRT_TTS_COMMIT", "test")
    out = tmp_path / "out"
    flags = ["--shape", "tiny", "--device", "cpu", "--codec", str(write_snac(tmp_path / "snac"))]
    flags += ["--limit", "2", "--seconds", "1", "--alone", "2", "--out", str(out)]
    flags += ["--engine-arguments", '{"max_num_batched_tokens": 640}']

    stages = ["--stages", "ceilings,exactness,codec,backbone"]
    assert main(["device", *flags, "--batches", "1", *stages]) == 0
    first = json.loads((out / FILE).read_text())
    (name,) = first["engines"]
    assert name == 'bf16 {"max_num_batched_tokens": 640}'
    assert list(first["stage_s"]) == ["ceilings", "exactness", "codec"]
    assert first["ceilings"]["bandwidth"] > 0
    assert all(row["over_1"] == 0 for row in first["exactness"])
    assert first["versions"]["commit"] == "test"
    capsys.readouterr()

    # Another batch is added to the one that is there.
    assert main(["device", *flags, "--batches", "1,2"]) == 0
    printed = capsys.readouterr().out
    found = json.loads((out / FILE).read_text())
    assert json.loads(printed.splitlines()[-1]) == found
    engine = found["engines"][name]
    assert (engine["incomplete"], found["incomplete"]) == ([], [])
    assert list(engine["stage_s"]) == ["backbone", "first-audio", "callers"]
    assert [rate["batch"] for rate in found["codec_rates"]] == [1, 2]
    assert [rate["batch"] for rate in engine["backbone"]] == [1, 2]
    assert engine["backbone"][0] == first["engines"][name]["backbone"][0]
    # No upper bound: "tiny" fits into the caches, and a shared machine reads memory at any rate.
    assert all(rate["share"] > 0 for rate in engine["backbone"])
    alone = engine["first_audio"]
    assert (alone["streams"], alone["faults"]) == (1, 0)
    assert alone["ttfa_p50_ms"] is not None
    assert engine["hand_on"] == {"first-audio": 1, "callers": 7}
    assert found["streams_held"][name] in (0, 1, 2)  # by how busy this machine is
    assert engine["callers"][0]["faults"] == 0
    assert "real-time callers held" in printed

    (log,) = (out / "first-audio").glob("host-*.jsonl")
    lengths = {sum(samples for _, samples in line.chunks) for line in read(log).measured}
    assert lengths == {12 * 2048}  # 1 s in whole frames, every answer
    assert len(list((out / "callers").glob("server-*.log"))) == 1
