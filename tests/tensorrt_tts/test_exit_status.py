import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tensorrt_tts.errors import TextError
from tensorrt_tts.exit_status import exit_status

TTS = [sys.executable, "-m", "tensorrt_tts"]


def run(*arguments: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*TTS, *arguments], stderr=subprocess.PIPE, timeout=60, **more)  # type: ignore[call-overload]


def test_success_and_failure(capsys: pytest.CaptureFixture) -> None:
    def fail() -> None:
        raise TextError("text is empty; give one")

    assert exit_status(lambda: None) == 0
    assert exit_status(fail) == 2
    assert capsys.readouterr().err == "error: text is empty; give one\n"


def test_ctrl_c(capsys: pytest.CaptureFixture) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    assert exit_status(stop, "stopped by hand") == 130
    assert capsys.readouterr().err == "stopped by hand\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
def test_a_full_disk_behind_stdout() -> None:
    with open("/dev/full", "wb") as full:
        ended = run("voices", stdout=full)
    assert ended.returncode == 6
    assert ended.stderr.startswith(b"error: cannot write to stdout")
    assert ended.stderr.count(b"\n") == 1


def test_a_reader_that_has_gone() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = run("voices", stdout=writing)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_a_terminal_without_the_letters() -> None:
    ended = run("voices", stdout=subprocess.PIPE, env=os.environ | {"PYTHONIOENCODING": "latin-1"})
    assert ended.returncode == 0
    assert b"\\u090b" in ended.stdout


SCRIPT = """
import pathlib, sys, time
from tensorrt_tts.exit_status import exit_status

def work():
    mark = pathlib.Path(sys.argv[1])
    try:
        mark.touch()
        time.sleep(60)
    finally:
        mark.unlink()

sys.exit(exit_status(work))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_unwinds(tmp_path: Path, number: signal.Signals) -> None:
    mark = tmp_path / "working"
    with subprocess.Popen([sys.executable, "-c", SCRIPT, str(mark)]) as process:
        while not mark.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(30) == 128 + number
    assert not mark.exists()
