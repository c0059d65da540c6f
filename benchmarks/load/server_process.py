"""Start a server of our own for a benchmark, in its own process, and end it afterwards."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tensorrt_tts.child_process import ChildProcess
from tensorrt_tts.errors import BackendError
from tensorrt_tts.files import writing

_GRACE_S = 10.0
"""Seconds from being asked to end until it is killed."""


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """base: `http://host:port`. ready_s: from its start until it was ready, warm-up included."""

    base: str
    pid: int
    ready_s: float

    @property
    def socket_url(self) -> str:
        return self.base.replace("http", "ws", 1) + "/ws/tts"


@contextlib.contextmanager
def serving(
    arguments: Sequence[str],
    log: Path,
    ready_within: float = 300.0,
    module: str = "tensorrt_tts.server",
) -> Iterator[ServerProcess]:
    """A server on a free port of this machine, ready; SIGTERM at the end, and SIGKILL for whatever
    of its process group is left then: an engine's own process would keep the GPU.

    arguments: more flags for it. log: what it writes goes there, and stays.

    Raises BackendError with the last line it wrote when it ends before it is ready, or is not ready
    in time; OutputError when the log cannot be written.
    """
    port = _free_port()
    base = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", module, "--port", str(port), *arguments]
    started = time.perf_counter()
    with writing(log, "choose another --out", "server log"):
        output = log.open("wb")
    with output:
        server = ChildProcess(command, output=output)
        server.start()
    try:
        if not server.wait_until(lambda: _is_ready(base), ready_within):
            late = f"was not ready within {ready_within:g} s" if server.running else "did not start"
            raise BackendError(f"the server {late}: {_last_line(log)} (all of it: {log})")
        yield ServerProcess(base, server.pid, time.perf_counter() - started)
    finally:
        with contextlib.suppress(TimeoutError):
            server.stop(_GRACE_S)


def _is_ready(base: str) -> bool:
    try:
        with urllib.request.urlopen(base + "/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _last_line(log: Path) -> str:
    """What it had to say, in one line."""
    content = log.read_text(encoding="utf-8", errors="replace").strip()
    return content.splitlines()[-1] if content else "it wrote nothing"


def process_cpu(pid: int) -> float:
    """CPU seconds that a process, its threads and its descendants have used, those that have ended
    included (Linux: /proc). A vLLM server's engine is such a descendant."""
    tree = {pid}
    processes = _processes()
    while more := {one for one, (parent, _) in processes.items() if parent in tree} - tree:
        tree |= more
    ticks = sum(processes[one][1] for one in tree if one in processes)
    return ticks / os.sysconf("SC_CLK_TCK")


def _processes() -> dict[int, tuple[int, int]]:
    """Of every process: its parent, and the clock ticks that it and the children it has waited for
    have used."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        found[int(path.parent.name)] = (int(fields[1]), sum(map(int, fields[11:15])))
    return found
