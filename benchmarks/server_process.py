"""Start a server of our own for a benchmark, in its own process, and end it afterwards."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tensorrt_tts.errors import BackendError, OutputError

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
    command = [sys.executable, "-m", module, "--port", str(port), *arguments]
    started = time.perf_counter()
    with _opened(log) as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
    try:
        base = f"http://127.0.0.1:{port}"
        while not _is_ready(base):
            if process.poll() is not None:
                raise BackendError(
                    f"the server did not start: {_last_line(log)} (all of it: {log})"
                )
            if time.perf_counter() - started > ready_within:
                raise BackendError(
                    f"the server was not ready within {ready_within:g} s: {_last_line(log)} "
                    f"(all of it: {log})"
                )
            time.sleep(_PATIENCE)
        yield ServerProcess(base, process.pid, time.perf_counter() - started)
    finally:
        _end(process)


def _opened(log: Path) -> IO[bytes]:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("wb")
    except OSError as error:
        raise OutputError(
            f"server log '{log}' cannot be written ({error.strerror}); choose another --out"
        ) from error


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
    """It leads a process group of its own: those it started are in there with it."""
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


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
