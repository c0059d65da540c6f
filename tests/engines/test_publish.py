"""A folder appears whole or not at all, whatever happens to the build."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from engines.publish import lock, publish, set_aside
from tensorrt_tts.errors import EngineError


def _fill(text="whole"):
    def produce(folder):
        (folder / "a").write_text(text)
        (folder / "sub").mkdir()
        (folder / "sub" / "b").write_text(text)

    return produce


def _visible(root):
    return sorted(path.name for path in root.iterdir() if not path.name.endswith(".lock"))


def test_whole(tmp_path):
    target = tmp_path / "deep" / "engine"
    assert publish(target, _fill())
    assert (target / "sub" / "b").read_text() == "whole"
    assert _visible(target.parent) == ["engine"]


@pytest.mark.parametrize("error", [RuntimeError("boom"), KeyboardInterrupt()])
def test_interrupted(tmp_path, error):
    def produce(folder):
        _fill()(folder)
        raise error

    with pytest.raises(type(error)):
        publish(tmp_path / "engine", produce)
    assert _visible(tmp_path) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk(tmp_path, code):
    def produce(folder):
        (folder / "rank0.engine").write_bytes(b"half")
        raise OSError(code, os.strerror(code))

    with pytest.raises(EngineError, match=r"no space left .* pass --output on another disk"):
        publish(tmp_path / "engine", produce)
    assert _visible(tmp_path) == []


def test_full_disk_while_flushing(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("engines.publish.os.fsync", full)
    with pytest.raises(EngineError, match="no space left"):
        publish(tmp_path / "engine", _fill())
    assert _visible(tmp_path) == []


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="cannot write"):
        publish(tmp_path / "file" / "engine", _fill())
    with (
        pytest.raises(EngineError, match="cannot write"),
        lock(tmp_path / "file" / "engine", lambda: None),
    ):
        pytest.fail("locked a target that cannot be")


KILLED = """
import sys, time
from pathlib import Path
from engines.publish import lock, publish
target = Path(sys.argv[1])
def produce(folder):
    (folder / "rank0.engine").write_bytes(b"half")
    print("half", flush=True)
    time.sleep(600)
with lock(target, lambda: None):
    publish(target, produce)
"""


def test_killed_midway(tmp_path):
    """SIGKILL runs no cleanup: the hidden folder stays, is no engine, and the next build takes it
    away; the lock is free."""
    target = tmp_path / "engine"
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(target)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "half\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert not target.exists()
    left = _visible(tmp_path)
    assert len(left) == 1
    assert left[0].startswith(".engine.building-")
    with lock(target, lambda: pytest.fail("the lock outlived its process")):
        publish(target, _fill())
    assert _visible(tmp_path) == ["engine"]


def test_two_at_once_do_the_work_once(tmp_path):
    target, made, waited = tmp_path / "engine", [], []

    def build():
        with lock(target, lambda: waited.append(1), poll=0.01):
            if target.exists():
                return
            made.append(1)

            def produce(folder):
                time.sleep(0.1)
                _fill()(folder)

            publish(target, produce)

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(waited) >= 1
    assert _visible(tmp_path) == ["engine"]


def test_without_locks_the_first_rename_wins(tmp_path, monkeypatch):
    def unsupported(*arguments):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("engines.publish.fcntl.flock", unsupported)
    target = tmp_path / "engine"

    def slow(folder):
        _fill("second")(folder)
        target.mkdir()
        (target / "a").write_text("first")

    with lock(target, lambda: None):
        assert publish(target, slow) is False
    assert (target / "a").read_text() == "first"
    assert _visible(tmp_path) == ["engine"]


def test_set_aside(tmp_path):
    publish(tmp_path / "engine", _fill())
    set_aside(tmp_path / "engine")
    assert _visible(tmp_path) == []
