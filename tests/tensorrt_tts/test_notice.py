import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tensorrt_tts.notice import LossyStream, notice

SAYS = r"""
from tensorrt_tts.notice import notice
notice("one \u2026 \xd7")
notice("\u090b")
print("result")
"""


def says(**more) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", SAYS], stdout=subprocess.PIPE, timeout=240, **more)


def test_it_is_a_line_on_stderr(capsys: pytest.CaptureFixture) -> None:
    notice("one")
    notice("two", end="")
    assert capsys.readouterr() == ("", "one\ntwo")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
def test_a_full_disk_behind_stderr_loses_the_line_alone() -> None:
    with open("/dev/full", "wb") as full:
        ended = says(stderr=full)
    assert (ended.returncode, ended.stdout) == (0, b"result\n")


def test_a_reader_of_stderr_that_has_gone_loses_the_line_alone() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = says(stderr=writing)
    os.close(writing)
    assert (ended.returncode, ended.stdout) == (0, b"result\n")


def test_a_closed_stderr_does_not_put_the_line_among_the_results() -> None:
    ended = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, SAYS],
        stdout=subprocess.PIPE,
        timeout=240,
    )
    assert (ended.returncode, ended.stdout) == (0, b"result\n")


def test_a_stderr_that_was_closed_since(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    notice("one")


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
    ids=str,
)
def test_letters_that_stderr_does_not_have(locale: dict[str, str]) -> None:
    ended = says(stderr=subprocess.PIPE, env=os.environ | locale)
    assert (ended.returncode, ended.stdout) == (0, b"result\n")
    assert b"\\u090b" in ended.stderr


def test_a_stream_that_nobody_reads_takes_what_it_is_given() -> None:
    class Broken(io.StringIO):
        encoding = "ascii"

        def write(self, text: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    stream = LossyStream(Broken())
    assert stream.write("four") == 4
    stream.flush()
    assert stream.encoding == "ascii"
    heard = io.StringIO()
    LossyStream(heard).write("four")
    assert heard.getvalue() == "four"
