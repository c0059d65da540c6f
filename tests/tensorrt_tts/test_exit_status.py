import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engines.cli import main as engines
from tensorrt_tts.errors import TextError
from tensorrt_tts.exit_status import exit_status

HANG_S = 240
"""Seconds after which something hangs, on whatever machine."""

TTS = [sys.executable, "-m", "tensorrt_tts"]


def run(*arguments: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*TTS, *arguments], stderr=subprocess.PIPE, timeout=HANG_S, **more)  # type: ignore[call-overload]


def test_success_and_failure(capsys: pytest.CaptureFixture) -> None:
    def fail() -> None:
        raise TextError("text is empty; give one")

    assert exit_status(lambda: None) == 0
    assert exit_status(fail) == 2
    assert capsys.readouterr().err == "error: text is empty; give one\n"


@pytest.mark.parametrize(
    "number", [errno.EACCES, errno.ENAMETOOLONG, errno.ELOOP, errno.EROFS, errno.EPERM]
)
def test_a_path_that_the_system_refuses(capsys: pytest.CaptureFixture, number: int) -> None:
    """As `Path.is_dir` raises it, for a name of a thousand letters or within somebody else's."""

    def look() -> None:
        raise OSError(number, os.strerror(number), "/root/" + "model/" * 100)

    assert exit_status(look) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: '/root/model/")
    assert f"{os.strerror(number)}; check the path" in said
    assert (said.count("\n"), len(said) < 300) == (1, True)


def test_a_failure_of_no_path_is_a_bug() -> None:
    def look() -> None:
        raise PermissionError(errno.EACCES, "nobody knows where")

    with pytest.raises(PermissionError):
        exit_status(look)


@pytest.mark.parametrize("command", [("check",), ("verify",), ("cut", "demo")])
def test_a_name_that_is_too_long_for_a_folder(
    command: tuple[str, ...], capsys: pytest.CaptureFixture
) -> None:
    assert engines([*command, "x" * 5000]) == 2
    assert "File name too long; check the path" in capsys.readouterr().err


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
import pathlib, signal, sys, time
from tensorrt_tts.exit_status import exit_status

for number in sys.argv[2:]:
    signal.signal(int(number), signal.SIG_IGN)

def work():
    mark = pathlib.Path(sys.argv[1])
    try:
        mark.touch()
        time.sleep(600)
    finally:
        mark.unlink()

sys.exit(exit_status(work))
"""


@contextmanager
def working(mark: Path, *ignored: signal.Signals) -> Iterator[subprocess.Popen[bytes]]:
    """A command that has begun, and was started with these signals ignored."""
    numbers = [str(int(number)) for number in ignored]
    with subprocess.Popen([sys.executable, "-c", SCRIPT, str(mark), *numbers]) as process:
        while not mark.exists():
            assert process.poll() is None
            time.sleep(0.01)
        yield process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_unwinds(tmp_path: Path, number: signal.Signals) -> None:
    mark = tmp_path / "working"
    with working(mark) as process:
        process.send_signal(number)
        assert process.wait(HANG_S) == 128 + number
    assert not mark.exists()


@pytest.mark.parametrize("ignored", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_that_is_ignored_stays_so(tmp_path: Path, ignored: signal.Signals) -> None:
    """`nohup` ignores SIGHUP, and means it."""
    other = {signal.SIGHUP: signal.SIGTERM, signal.SIGTERM: signal.SIGHUP}[ignored]
    with working(tmp_path / "working", ignored) as process:
        process.send_signal(ignored)
        process.send_signal(other)  # had the first been taken, its code would be the process's
        assert process.wait(HANG_S) == 128 + other


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
def test_a_failure_that_nobody_can_read_keeps_its_exit_code() -> None:
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            [*TTS, "speak", ""], stdout=subprocess.PIPE, stderr=full, timeout=HANG_S
        )
    assert (ended.returncode, ended.stdout) == (2, b"")


def test_a_failure_is_not_printed_among_the_results() -> None:
    """With stderr closed, where `print` would write to stdout."""
    ended = subprocess.run(
        ["sh", "-c", 'exec "$0" -m tensorrt_tts speak "" 2>&-', sys.executable],
        stdout=subprocess.PIPE,
        timeout=HANG_S,
    )
    assert (ended.returncode, ended.stdout) == (2, b"")
