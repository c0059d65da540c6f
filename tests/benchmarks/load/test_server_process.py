import contextlib
import os
import signal
import subprocess
import sys

import psutil
import pytest

from benchmarks.load.server_process import process_cpu, serving
from tensorrt_tts.errors import BackendError, OutputError

HANG_S = 60
"""Seconds after which something hangs, on whatever machine."""

SERVER = """
import subprocess, sys, http.server, socketserver
print("engine", subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid)
sys.stdout.flush()
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
port = int(sys.argv[sys.argv.index("--port") + 1])
socketserver.TCPServer(("127.0.0.1", port), Ready).serve_forever()
"""


FAILING = """
import sys
print("about to load", sys.argv[-1], flush=True)
sys.exit(f"error: no folder '{sys.argv[-1]}'")
"""

PARENT = """
import pathlib, sys, time
from benchmarks.load.server_process import serving
with serving([], pathlib.Path(sys.argv[1]), ready_within=60, module="ready_server") as server:
    print(server.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def servers(tmp_path, monkeypatch):
    """A module that serves nothing but its readiness, and starts what it would leave behind; and
    one that does not start."""
    (tmp_path / "ready_server.py").write_text(SERVER, encoding="utf-8")
    (tmp_path / "failing_server.py").write_text(FAILING, encoding="utf-8")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)


@pytest.mark.skipif(sys.platform != "linux", reason="a promise of the Linux kernel")
def test_a_server_does_not_outlive_a_benchmark_that_is_killed(tmp_path, servers):
    command = [sys.executable, "-c", PARENT, str(tmp_path / "server.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        server = psutil.Process(int(parent.stdout.readline()))
        engines = server.children()
        parent.kill()
        left = psutil.wait_procs([server], timeout=HANG_S)[1]
        for engine in engines:  # nobody is left who could end it
            engine.kill()
        assert left == []


def test_a_server_takes_what_it_started_with_it_and_leaves_its_log(tmp_path, servers):
    log = tmp_path / "new" / "server.log"
    with serving([], log, ready_within=HANG_S, module="ready_server") as server:
        engine = psutil.Process(int(log.read_text(encoding="utf-8").split()[1]))
        assert engine.ppid() == server.pid
    assert not psutil.pid_exists(server.pid)
    assert psutil.wait_procs([engine], timeout=HANG_S)[1] == []
    assert "GET /health/ready" in log.read_text(encoding="utf-8")


def test_a_server_that_does_not_start_says_why_and_where_the_rest_is(tmp_path, servers):
    log = tmp_path / "server.log"
    with (
        pytest.raises(BackendError, match=r"did not start: .*nowhere.*server\.log"),
        serving(["--model", "/nowhere"], log, module="failing_server"),
    ):
        pass
    assert "about to load /nowhere" in log.read_text(encoding="utf-8")


def test_a_log_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="--out"), serving([], tmp_path / "file" / "server.log"):
        pass


BUSY = "import time\nwhile time.process_time() < 0.2: pass\nprint('x', flush=True)\n"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_cpu_time_is_that_of_the_whole_tree_the_ended_included():
    both = f"""
import subprocess, sys, time
subprocess.run([sys.executable, "-c", {BUSY!r}], stdout=subprocess.DEVNULL)
alive = subprocess.Popen([sys.executable, "-c", {BUSY + "time.sleep(60)"!r}])
time.sleep(60)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", both], stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert parent.stdout is not None
        parent.stdout.readline()  # both have used theirs
        assert process_cpu(parent.pid) >= 0.35  # in ticks of 10 ms
        own = psutil.Process(parent.pid).cpu_times()
        assert own.user + own.system < 0.2
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)
        parent.communicate()
