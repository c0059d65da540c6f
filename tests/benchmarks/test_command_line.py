import json
import subprocess
import sys

import pytest

from benchmarks.command_line import main
from benchmarks.runlog import read
from benchmarks.server_process import serving
from tensorrt_tts.errors import BackendError
from tests.benchmarks.fake_server import Script, running


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
    assert read(tmp_path / "lengths.jsonl").summary.requests == 4
    assert "4/4" in err
    assert (tmp_path / "lengths_report.html").is_file()
    assert (tmp_path / "audio" / "lengths_en-06.wav").is_file()


def test_no_server_is_one_line_and_its_own_exit_code(tmp_path, capsys):
    code = main(["iterations", "--url", "ws://127.0.0.1:9/ws/tts", "--out", str(tmp_path)])
    assert code == BackendError.exit_code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert "make serve" in lines[0]


def test_a_server_that_does_not_start_says_why():
    with (
        pytest.raises(BackendError, match=r"did not start: .*nowhere"),
        serving(["--model", "/nowhere"], module="tensorrt_tts.server"),
    ):
        pass


@pytest.mark.parametrize("arguments", [[], ["closed"], ["sweep", "--language", "xx"]])
def test_wrong_usage_exits_2(arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
