import json
from dataclasses import replace

import pytest

from benchmarks.backbone import BackboneRate
from benchmarks.ceilings import Ceilings
from benchmarks.codec_rates import CodecRate
from benchmarks.device_result import FILE, DeviceResult, report
from benchmarks.environment import Hardware
from tensorrt_tts.errors import OutputError, SettingError
from tests.benchmarks.test_host_overhead import LATE, LEVEL

HARDWARE = Hardware("a CPU", 16, 128.0, 0.5, "NVIDIA H200, 570", "Linux", "1980 MHz")
NEW = DeviceResult("orpheus-3b", "cuda", "random", 5.0, HARDWARE, {"vllm": "0.32.0"})


def whole():
    return replace(
        NEW,
        stage_s={"ceilings": 3.0},
        hand_on={"first-audio": 1, "callers": 7},
        ceilings=Ceilings(4000.0, 800.0, 1, 1, 20),
        codec_rates=[CodecRate(1, 2.0, 40.0)],
        backbone=[BackboneRate(1, 200.0, 200.0, 5.0, 400.0, 0.5, 20.0)],
        first_audio=LEVEL,
        callers=[LEVEL, replace(LEVEL, streams=2, **LATE)],
    )


def test_what_was_saved_is_there_for_the_next_call(tmp_path):
    whole().save(tmp_path / "new")
    busier = replace(NEW, hardware=replace(HARDWARE, load=9.0, gpu_clocks="345 MHz"))
    assert busier.resumed(tmp_path / "new") == whole()
    assert [path.name for path in (tmp_path / "new").iterdir()] == [FILE]
    found = json.loads((tmp_path / "new" / FILE).read_text(encoding="utf-8"))
    assert found["hand_on"] == {"first-audio": 1, "callers": 7}
    assert found["streams_held"] == 1


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
