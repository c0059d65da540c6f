import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.server_process import ServerPlan, drain, once_listening
from tensorrt_tts.child_process import ChildProcess
from tensorrt_tts.errors import EngineError
from tensorrt_tts.server.settings import read_settings

ROOT = Path(__file__).parents[2]

DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
while True:
    signal.pause()
"""

CONTAINER = """
import signal, sys
from deploy.server_process import end_container
from tensorrt_tts.child_process import ChildProcess
ChildProcess([sys.executable, "-c", *sys.argv[1:]], ended=end_container).start()
while True:
    signal.pause()
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full")


@pytest.fixture
def deaf(tmp_path: Path) -> Iterator[ChildProcess]:
    """A server that does not end when it is asked to."""
    with (tmp_path / "log").open("wb") as log:
        server = ChildProcess([sys.executable, "-c", DEAF], output=log)
        server.start()
    assert server.wait_until(lambda: bool((tmp_path / "log").read_text()), pause_s=0.01)
    yield server
    if server.running:
        with pytest.raises(TimeoutError):
            server.stop(0)


def test_once_listening_waits_for_the_port(deaf):
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        called = threading.Event()
        thread = once_listening(deaf, port.getsockname()[1], called.set, pause_s=0.01)
        assert not called.is_set()  # bound, but refusing
        port.listen()
        thread.join()
        assert called.is_set()


def test_once_listening_calls_at_once_where_the_port_is_open(deaf):
    called: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as port:
        once_listening(deaf, port.getsockname()[1], lambda: called.append(1)).join()
    assert called == [1]


def test_a_server_that_ends_is_not_waited_for():
    called: list[int] = []
    server = ChildProcess([sys.executable, "-c", ""])
    server.start()
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        number = port.getsockname()[1]
        once_listening(server, number, lambda: called.append(1), pause_s=0.01).join()
    assert called == []


def test_a_server_that_does_not_end_is_told(deaf):
    with pytest.raises(EngineError, match=r"within 0\.2 s.*--drain-timeout-s"):
        drain(deaf, 0.2)


def test_a_server_that_ends_is_drained():
    server = ChildProcess([sys.executable, "-c", "import signal; signal.pause()"])
    server.start()
    drain(server, 60)
    assert not server.running


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
