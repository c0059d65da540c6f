"""Real children: started, awaited, asked to end, and never outliving whoever started them."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from tensorrt_tts import with_parent
from tensorrt_tts.child_process import ChildProcess
from tests.support.server_thread import wait_until

HANG_S = 60
"""Seconds after which something hangs, on whatever machine."""

# Not `signal.pause()`, which sleeps on after a signal that came just before it.
DRAINS = """
import pathlib, signal, sys, time
def drain(signum, frame):
    pathlib.Path(sys.argv[1]).write_text("drained")
    sys.exit(0)
signal.signal(signal.SIGTERM, drain)
pathlib.Path(sys.argv[1]).write_text("up")
while True:
    time.sleep(0.05)
"""

DEAF = """
import pathlib, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).write_text("up")
while True:
    signal.pause()
"""

ANSWERS = """
import pathlib, signal, sys, time
signal.signal(signal.SIGUSR1, lambda *_: pathlib.Path(sys.argv[1]).write_text("asked"))
pathlib.Path(sys.argv[1]).write_text("up")
while True:
    time.sleep(0.05)
"""

LEAVES = """
import pathlib, signal, subprocess, sys
ignores = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
left = subprocess.Popen([sys.executable, "-c", ignores])
pathlib.Path(sys.argv[1]).write_text("up")
pathlib.Path(sys.argv[1] + ".pid").write_text(str(left.pid))
signal.pause()
"""

PARENT = """
import signal, sys
from tensorrt_tts.child_process import ChildProcess
ChildProcess([sys.executable, "-c", *sys.argv[1:]]).start()
while True:
    signal.pause()
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")


def says(sign: Path, word: str) -> bool:
    return sign.exists() and sign.read_text() == word


def never(code: int) -> None:
    raise AssertionError(f"the child ended with {code}")


def started(program: str, sign: Path) -> ChildProcess:
    process = ChildProcess([sys.executable, "-c", program, str(sign)], ended=never)
    process.start()
    assert process.wait_until(lambda: says(sign, "up"), HANG_S, pause_s=0.01)
    assert process.running
    return process


def test_stop_asks_and_waits(tmp_path):
    process = started(DRAINS, tmp_path / "sign")
    assert process.stop(HANG_S) == 0
    assert says(tmp_path / "sign", "drained")
    assert not process.running


def test_what_does_not_end_is_killed_and_told(tmp_path):
    process = started(DEAF, tmp_path / "sign")
    with pytest.raises(TimeoutError, match=r"within 0\.2 s"):
        process.stop(0.2)
    assert not process.running


def test_what_it_leaves_behind_is_killed(tmp_path):
    """An engine's own process, say, which would keep the GPU."""
    process = started(LEAVES, tmp_path / "sign")
    wait_until(lambda: (tmp_path / "sign.pid").exists() and (tmp_path / "sign.pid").read_text())
    left = psutil.Process(int((tmp_path / "sign.pid").read_text()))
    assert process.stop(HANG_S) == -signal.SIGTERM
    assert psutil.wait_procs([left], timeout=HANG_S)[1] == []


def test_a_signal_to_the_parents_group_does_not_reach_it(tmp_path):
    process = started(DRAINS, tmp_path / "sign")
    assert os.getpgid(process.pid) == process.pid != os.getpgrp()
    process.stop(HANG_S)


@pytest.mark.parametrize(
    ("ending", "code"),
    [("raise SystemExit(8)", 8), ("import os; os.kill(os.getpid(), 9)", 137), ("", 0)],
    ids=["fault", "crash", "clean"],
)
def test_one_that_ends_unasked_is_told_once(ending, code):
    told: list[int] = []
    process = ChildProcess([sys.executable, "-c", ending], told.append)
    process.start()
    wait_until(lambda: bool(told))
    assert process.stop(HANG_S) == (code if code < 128 else 128 - code)
    assert told == [code]


def test_nobody_has_to_be_told():
    process = ChildProcess([sys.executable, "-c", "raise SystemExit(3)"])
    process.start()
    wait_until(lambda: not process.running)
    assert process.stop(HANG_S) == 3


def test_waiting_ends_with_the_child():
    process = ChildProcess([sys.executable, "-c", ""])
    process.start()
    assert not process.wait_until(lambda: False, HANG_S, pause_s=0.01)
    assert not process.running


def test_waiting_ends_with_its_time(tmp_path):
    process = started(DRAINS, tmp_path / "sign")
    assert not process.wait_until(lambda: False, 0.0)
    assert process.running
    process.stop(HANG_S)


def test_what_it_writes_goes_where_it_should(tmp_path):
    with (tmp_path / "log").open("wb") as log:
        write = "import sys; print('out', flush=True); sys.stderr.write('err')"
        process = ChildProcess([sys.executable, "-c", write], output=log)
        process.start()
    wait_until(lambda: not process.running)
    process.stop(HANG_S)
    assert (tmp_path / "log").read_text() == "out\nerr"


@linux
def test_it_ends_with_its_parent(tmp_path):
    sign = tmp_path / "sign"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, DRAINS, str(sign)])
    wait_until(lambda: says(sign, "up"))
    parent.kill()
    parent.wait()
    wait_until(lambda: says(sign, "drained"))


@linux
def test_it_outlives_the_thread_that_asked_for_it(tmp_path):
    """What the kernel takes for the parent is a thread."""
    found: list[ChildProcess] = []
    thread = threading.Thread(target=lambda: found.append(started(ANSWERS, tmp_path / "sign")))
    thread.start()
    thread.join()
    wait_until(lambda: not Path(f"/proc/self/task/{thread.native_id}").exists())
    os.kill(found[0].pid, signal.SIGUSR1)
    wait_until(lambda: says(tmp_path / "sign", "asked"))
    assert found[0].stop(HANG_S) == -signal.SIGTERM


@linux
def test_one_whose_parent_went_first_does_not_start(tmp_path):
    wrapper = [sys.executable, with_parent.__file__, "1"]
    command = [sys.executable, "-c", ANSWERS, str(tmp_path / "sign")]
    ended = subprocess.run([*wrapper, *command], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, "the parent has ended already\n")


def test_what_cannot_be_started_is_told_by_start(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(FileNotFoundError):
        ChildProcess(["server"], never).start()


def test_stop_before_start():
    process = ChildProcess(["true"])
    assert process.stop(1) is None
    assert not process.running
