import json
from dataclasses import replace

import pytest

from benchmarks.device.backbone import BackboneRate
from benchmarks.device.ceilings import Ceilings
from benchmarks.device.codec_exactness import Exactness
from benchmarks.device.codec_rates import CodecRate
from benchmarks.device.result import FILE, DeviceResult, EngineResult, engine_name, report
from benchmarks.runs.environment import Hardware
from tensorrt_tts.errors import OutputError, SettingError
from tests.benchmarks.host.test_overhead import LATE, LEVEL

HARDWARE = Hardware("a CPU", 16, 128.0, 0.5, "NVIDIA H200, 570", "Linux", "1980 MHz")
NEW = DeviceResult("orpheus-3b", "cuda", "random", 5.0, HARDWARE, {"vllm": "0.32.0"})


RATE = BackboneRate(1, 200.0, 200.0, 5.0, 400.0, 0.5, 20.0)


def whole():
    engine = EngineResult(
        "bf16",
        stage_s={"backbone": 90.0, "first-audio": 60.0, "callers": 200.0},
        hand_on={"first-audio": 1, "callers": 7},
        backbone=[RATE],
        first_audio=LEVEL,
        callers=[LEVEL, replace(LEVEL, streams=2, **LATE)],
    )
    arguments = {"attention_backend": "TRITON_ATTN"}
    fp8 = EngineResult("fp8", arguments, incomplete=["backbone"], backbone=[RATE])
    return replace(
        NEW,
        stage_s={"ceilings": 3.0},
        incomplete=["codec"],
        ceilings=Ceilings(4000.0, 800.0, 1, 1, 20),
        codec_rates=[CodecRate(1, 2.0, 40.0)],
        exactness=[Exactness("demo", "frame by frame, against offline", 1, 0, 2048)],
        engines={"bf16": engine, engine_name("fp8", arguments): fp8},
    )


def test_what_was_saved_is_there_for_the_next_call(tmp_path):
    whole().save(tmp_path / "new")
    busier = replace(NEW, hardware=replace(HARDWARE, load=9.0, gpu_clocks="345 MHz"))
    assert busier.resumed(tmp_path / "new") == whole()
    assert [path.name for path in (tmp_path / "new").iterdir()] == [FILE]
    found = json.loads((tmp_path / "new" / FILE).read_text(encoding="utf-8"))
    fp8 = 'fp8 {"attention_backend": "TRITON_ATTN"}'
    assert list(found["engines"]) == ["bf16", fp8]
    assert found["engines"]["bf16"]["hand_on"] == {"first-audio": 1, "callers": 7}
    assert found["engines"][fp8]["arguments"] == {"attention_backend": "TRITON_ATTN"}
    assert found["streams_held"] == {"bf16": 1, fp8: 0}


def test_the_first_call_begins_with_nothing(tmp_path):
    assert NEW.resumed(tmp_path) is NEW


@pytest.mark.parametrize(
    "change",
    [
        {"shape": "tiny"},
        {"device": "cpu"},
        {"seconds": 10.0},
        {"codec": "demo"},
        {"versions": {}},
        {"hardware": replace(HARDWARE, gpu="NVIDIA L4, 570")},
    ],
)
def test_results_of_something_else_are_not_added_to(tmp_path, change):
    whole().save(tmp_path)
    with pytest.raises(SettingError, match="choose another --out"):
        replace(NEW, **change).resumed(tmp_path)


@pytest.mark.parametrize("first", [{"commit": "a63259c"}, {}])
@pytest.mark.parametrize("then", [{"commit": "a63259c"}, {}])
def test_a_commit_that_one_call_does_not_know_keeps_nobody_from_going_on(tmp_path, first, then):
    replace(whole(), versions={"vllm": "0.32.0", **first}).save(tmp_path)
    found = replace(NEW, versions={"vllm": "0.32.0", **then}).resumed(tmp_path)
    assert found.ceilings is not None


def test_two_commits_are_kept_apart(tmp_path):
    replace(whole(), versions={"commit": "a63259c"}).save(tmp_path)
    with pytest.raises(SettingError, match="choose another --out"):
        replace(NEW, versions={"commit": "aaa1f75"}).resumed(tmp_path)


def test_another_file_is_refused(tmp_path):
    (tmp_path / FILE).write_text("[]")
    with pytest.raises(SettingError, match="no device run"):
        NEW.resumed(tmp_path)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="--out"):
        NEW.save(tmp_path / "file")


def test_the_report_has_what_was_run_and_no_more():
    assert report(replace(NEW, ceilings=whole().ceilings)).count("\n") == 0
    text = report(whole())
    assert "first audio, one caller, median: 250 ms" in text
    assert "callers held: at least 1 (client limit reached: client too busy)" in text
    assert "vLLM, bf16\n" in text
    assert 'vLLM, fp8 {"attention_backend": "TRITON_ATTN"}' in text
    assert text.endswith("cut short: codec")
    assert "cut short: backbone" in text
