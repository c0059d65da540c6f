import subprocess
import sys

import pytest

from tensorrt_tts.own_stdout import own_stdout

CHATTY = """
import os, subprocess, sys
from tensorrt_tts.own_stdout import own_stdout
print("before")
with own_stdout() as stdout:
    print("a library")
    os.write(1, b"its C++\\n")
    subprocess.run(["echo", "its child"])
    stdout.write("answer\\n")
    os.write(stdout.fileno(), b"pcm\\n") if len(sys.argv) > 1 else None
    if "fails" in sys.argv:
        raise SystemExit(3)
print("after")
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CHATTY, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_only_the_answer_is_on_stdout():
    done = run()
    assert done.stdout == "before\nanswer\nafter\n"
    assert sorted(done.stderr.splitlines()) == ["a library", "its C++", "its child"]


def test_a_failure_gives_stdout_back():
    done = run("fails")
    assert done.returncode == 3
    assert set(done.stdout.split()) == {"before", "answer", "pcm"}
    assert "a library" in done.stderr


def test_where_stdout_is_no_file(capsys):
    with own_stdout() as stdout:
        print("a library")
        print("answer", file=stdout)
    print("after")
    assert capsys.readouterr() == ("answer\nafter\n", "a library\n")


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_stream_that_is_closed_changes_nothing(closed, monkeypatch):
    monkeypatch.setattr(sys, closed, None)
    before = sys.stdout
    with own_stdout() as stdout:
        assert stdout is before
        assert sys.stdout is before
