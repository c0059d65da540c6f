"""Start a server of our own for a benchmark, in its own process, and end it afterwards."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tensorrt_tts.errors import BackendError

_PATIENCE = 0.1
"""Seconds between two looks at whether it is ready."""


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
    arguments: Sequence[str] = (),
    ready_within: float = 300.0,
    module: str = "tensorrt_tts.server",
) -> Iterator[ServerProcess]:
    """A server on a free port of this machine, ready; SIGTERM at the end, SIGKILL if that is not
    heard. arguments: more flags for it.

    Raises BackendError with the last line it wrote when it ends before it is ready, or is not ready
    in time.
    """
    port = _free_port()
    command = [sys.executable, "-m", module, "--port", str(port), *arguments]
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=log, stderr=log, start_new_session=True, preexec_fn=_end_with_parent
        )
        try:
            base = f"http://127.0.0.1:{port}"
            while not _is_ready(base):
                if process.poll() is not None:
                    raise BackendError(f"the server did not start: {_last_line(log.fileno())}")
                if time.perf_counter() - started > ready_within:
                    raise BackendError(
                        f"the server was not ready within {ready_within:g} s: "
                        f"{_last_line(log.fileno())}"
                    )
                time.sleep(_PATIENCE)
            yield ServerProcess(base, process.pid, time.perf_counter() - started)
        finally:
            _end(process)


_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
"""Looked up here: nothing may be loaded between fork and exec."""


def _end_with_parent() -> None:
    """In the child: have the kernel (Linux) stop it when we are killed and cannot."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _is_ready(base: str) -> bool:
    try:
        with urllib.request.urlopen(base + "/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _end(process: subprocess.Popen[bytes], patience: float = 10.0) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _last_line(descriptor: int) -> str:
    """What it had to say, in one line."""
    content = os.pread(descriptor, 1 << 20, 0).decode(errors="replace").strip()
    return content.splitlines()[-1] if content else "it wrote nothing"


def process_cpu(pid: int) -> float:
    """CPU seconds that a process and its threads have used (Linux: /proc)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
