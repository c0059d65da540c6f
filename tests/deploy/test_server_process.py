import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deploy.server_process import ServerPlan, ServerProcess, once_listening
from tensorrt_tts.errors import EngineError
from tensorrt_tts.server.settings import read_settings
from tests.support.server_thread import wait_until

ROOT = Path(__file__).parents[2]

DRAINS = """
import pathlib, signal, sys
def drain(signum, frame):
    pathlib.Path(sys.argv[1]).write_text("drained")
    sys.exit(0)
signal.signal(signal.SIGTERM, drain)
pathlib.Path(sys.argv[1]).write_text("up")
while True:
    signal.pause()
"""

DEAF = """
import pathlib, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).write_text("up")
while True:
    signal.pause()
"""

ANSWERS = """
import pathlib, signal, sys
signal.signal(signal.SIGUSR1, lambda *_: pathlib.Path(sys.argv[1]).write_text("asked"))
pathlib.Path(sys.argv[1]).write_text("up")
while True:
    signal.pause()
"""

CONTAINER = """
import signal, sys
from deploy.server_process import ServerProcess
ServerProcess([sys.executable, "-c", *sys.argv[1:]], 60).start()
while True:
    signal.pause()
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")


def says(sign: Path, word: str) -> bool:
    return sign.exists() and sign.read_text() == word


def started(program: str, sign: Path, grace_s: float = 60) -> ServerProcess:
    process = ServerProcess([sys.executable, "-c", program, str(sign)], grace_s, ended=never)
    process.start()
    wait_until(lambda: says(sign, "up"))
    return process


def never(code: int) -> None:
    raise AssertionError(f"the server ended with {code}")


def pid_of(process: ServerProcess) -> int:
    assert process._process is not None
    return process._process.pid


def test_once_listening_waits_for_the_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        called = threading.Event()
        thread = once_listening(server.getsockname()[1], called.set, pause_s=0.01)
        assert not called.is_set()  # bound, but refusing
        server.listen()
        thread.join()
        assert called.is_set()


def test_once_listening_calls_at_once_where_the_port_is_open():
    called: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        once_listening(server.getsockname()[1], lambda: called.append(1)).join()
    assert called == [1]


def test_stop_waits_for_the_drain(tmp_path):
    process = started(DRAINS, tmp_path / "sign")
    assert process.stop() == 0
    assert says(tmp_path / "sign", "drained")


def test_what_does_not_end_is_killed_and_told(tmp_path):
    process = started(DEAF, tmp_path / "sign", grace_s=0.2)
    with pytest.raises(EngineError, match=r"within 0\.2 s"):
        process.stop()


def test_a_signal_to_the_containers_group_does_not_reach_the_server(tmp_path):
    """`stop()` would be its second then, which means "stop now"."""
    process = started(DRAINS, tmp_path / "sign")
    assert os.getpgid(pid_of(process)) != os.getpgrp()
    process.stop()


@pytest.mark.parametrize(
    ("ending", "code"),
    [("raise SystemExit(8)", 8), ("import os; os.kill(os.getpid(), 9)", 137), ("", 0)],
    ids=["fault", "crash", "clean"],
)
def test_a_server_that_ends_unasked_is_told_once(ending, code):
    told: list[int] = []
    process = ServerProcess([sys.executable, "-c", ending], 60, ended=told.append)
    process.start()
    wait_until(lambda: bool(told))
    assert process.stop() == (code if code < 128 else 128 - code)
    assert told == [code]


def test_the_container_ends_with_its_server():
    ended = subprocess.run(
        [sys.executable, "-c", CONTAINER, "raise SystemExit(8)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 8
    assert ended.stderr == "the server ended with exit code 8; ending the container\n"


@linux
def test_the_container_ends_even_where_it_cannot_say_so():
    command = [sys.executable, "-c", CONTAINER, "raise SystemExit(8)"]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(command, cwd=ROOT, stderr=full, timeout=240, check=False)
    assert ended.returncode == 8


@linux
def test_the_server_ends_with_its_container(tmp_path):
    sign = tmp_path / "sign"
    container = subprocess.Popen([sys.executable, "-c", CONTAINER, DRAINS, str(sign)], cwd=ROOT)
    wait_until(lambda: says(sign, "up"))
    container.kill()
    container.wait()
    wait_until(lambda: says(sign, "drained"))


@linux
def test_the_server_outlives_the_thread_that_asked_for_it(tmp_path):
    """What the kernel takes for the parent is a thread."""
    found: list[ServerProcess] = []
    thread = threading.Thread(target=lambda: found.append(started(ANSWERS, tmp_path / "sign")))
    thread.start()
    thread.join()
    wait_until(lambda: not Path(f"/proc/self/task/{thread.native_id}").exists())
    os.kill(pid_of(found[0]), signal.SIGUSR1)
    wait_until(lambda: says(tmp_path / "sign", "asked"))
    assert found[0].stop() == -signal.SIGTERM


@linux
def test_a_server_whose_container_went_first_does_not_start(tmp_path):
    wrapper = [sys.executable, str(ROOT / "deploy" / "with_parent.py"), "1"]
    command = [sys.executable, "-c", ANSWERS, str(tmp_path / "sign")]
    ended = subprocess.run([*wrapper, *command], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, "the parent has ended already\n")


def test_what_cannot_be_started_is_told_by_start(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(FileNotFoundError):
        ServerProcess(["server"], 60, ended=never).start()


def test_stop_before_start():
    assert ServerProcess(["true"], 1).stop() is None


@pytest.mark.parametrize("backend", ["trtllm", "vllm"])
def test_the_command_is_one_the_server_understands(backend):
    plan = ServerPlan(backend, "orpheus-3b-hi", port=9000, slots=32, max_queued=4, drain_s=45)
    executable, flag, module, *arguments = plan.command()
    assert [executable, flag, module] == [sys.executable, "-m", "tensorrt_tts.server"]
    settings = read_settings(arguments)
    assert (settings.backend, settings.model, settings.device) == (backend, plan.model, "cuda")
    assert (settings.host, settings.port) == ("0.0.0.0", 9000)
    assert (settings.slots, settings.max_queued, settings.drain_timeout_s) == (32, 4, 45)


def test_limits_of_a_container():
    plan = ServerPlan("vllm", slots=20, max_queued=6, drain_s=60)
    assert plan.max_concurrency == 26
    assert plan.target_concurrency == pytest.approx(14)
    assert plan.grace_s > plan.drain_s


def test_the_server_ends_with_one_line_when_it_cannot_speak(tmp_path):
    """The real command, on a machine without the backend's package or the model."""
    plan = ServerPlan("trtllm", str(tmp_path / "nowhere"), device="cpu", port=0)
    ended = subprocess.run(plan.command(), capture_output=True, text=True, check=False)
    assert ended.returncode in (3, 4)
    assert "nowhere" in ended.stderr or "tensorrt_llm" in ended.stderr
