import json
import subprocess
import sys

import pytest

from benchmarks.command_line import main
from benchmarks.runlog import read
from tensorrt_tts.errors import BackendError, SettingError
from tests.benchmarks.fake_server import Script, running
from tests.support.tiny_snac import write_snac


async def command(*arguments):
    import asyncio

    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks",
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_suite_against_a_running_server(tmp_path):
    async with running(Script(frames=3, pace=0.1)) as (url, _):
        code, out, err = await command(
            "lengths", "--url", url, "--out", str(tmp_path), "--save-audio", "--plot"
        )
    assert code == 0, err
    last = json.loads(out.splitlines()[-1])
    assert (last["requests"], last["faults"]) == (4, {})
    assert json.loads((tmp_path / "lengths.json").read_text()) == last
    assert read(tmp_path / last["log"]).summary.requests == 4
    assert "4/4" in err
    assert (tmp_path / "lengths_report.html").is_file()
    assert (tmp_path / "audio" / "lengths_en-06.wav").is_file()


def test_no_server_is_one_line_and_its_own_exit_code(tmp_path, capsys):
    code = main(["iterations", "--url", "ws://127.0.0.1:9/ws/tts", "--out", str(tmp_path)])
    assert code == BackendError.exit_code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert "make serve" in lines[0]


@pytest.mark.parametrize("arguments", [[], ["closed"], ["sweep", "--language", "xx"]])
def test_wrong_usage_exits_2(arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["iterations", "--count", "0"], "--count 0"),
        (["closed", "--streams", "0"], "--streams 0"),
        (["closed", "--streams", "2", "--each", "0"], "--each 0"),
        (["open", "--rate", "-1"], "--rate -1"),
        (["decode-cost", "--lengths", "5,0"], "--lengths 0"),
        (["device", "--limit", "0"], "--limit 0"),
        (["device", "--device", "cuda:1"], "CUDA_VISIBLE_DEVICES"),
        (["device", "--stages", "codec,sound"], "first-audio"),
        (["device", "--stages", "backbone"], "needs the ceilings"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(arguments, names, tmp_path, capsys):
    assert main([*arguments, "--out", str(tmp_path / "out")]) == SettingError.exit_code
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert names in line
    assert not (tmp_path / "out").exists()


def test_results_are_kept_beside_what_is_printed(tmp_path, capsys):
    codec = write_snac(tmp_path / "snac")
    flags = ["--lengths", "0.5", "--codec", str(codec), "--out", str(tmp_path / "out")]
    assert main(["decode-cost", *flags]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert (tmp_path / "out" / "decode.json").read_text() == last + "\n"
