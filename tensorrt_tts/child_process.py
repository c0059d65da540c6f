"""A command as a child process: started, awaited, asked to end; it never outlives this process."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import IO

_WITH_PARENT = Path(__file__).with_name("with_parent.py")


class ChildProcess:
    """start() returns at once. stop() asks it to end (SIGTERM) and waits for that.

    ended: told the exit code (128 + signal, as in a shell) of a child that ends unasked, on a
    thread of its own. output: what it writes goes there; by default to this process's own.
    """

    def __init__(
        self,
        command: Sequence[str],
        ended: Callable[[int], object] | None = None,
        output: IO[bytes] | None = None,
    ) -> None:
        self._command = list(command)
        self._ended = ended
        self._output = output
        self._stopping = False
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: threading.Thread | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Raises OSError when it cannot be started."""
        started: Future[subprocess.Popen[bytes]] = Future()
        self._watcher = threading.Thread(
            target=self._watch, args=(started,), name="child watcher", daemon=True
        )
        self._watcher.start()
        self._process = started.result()

    def _watch(self, started: Future[subprocess.Popen[bytes]]) -> None:
        """Starts it too: the kernel stops it when the thread that started it ends, and this one
        ends with the process."""
        try:
            process = self._spawn()
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(process)
        code = process.wait()
        if not self._stopping and self._ended is not None:
            self._ended(code if code >= 0 else 128 - code)

    def _spawn(self) -> subprocess.Popen[bytes]:
        """In a session of its own, so that it leads a process group that ends with it, and a signal
        to our whole group is not a second one for it: to the speech server that means "stop now".
        """
        wrapper = (sys.executable, "-IS", str(_WITH_PARENT), str(os.getpid()))
        return subprocess.Popen(
            [*wrapper, *self._command],
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,
        )

    def wait_until(
        self, ready: Callable[[], bool], within_s: float = math.inf, pause_s: float = 0.1
    ) -> bool:
        """Looks every `pause_s` whether it is ready. False when it ended or the time was over."""
        deadline = time.monotonic() + within_s
        while not ready():
            if not self.running or time.monotonic() > deadline:
                return False
            time.sleep(pause_s)
        return True

    def stop(self, grace_s: float) -> int | None:
        """Its exit code (minus the signal that ended it); None when it was never started. Whatever
        it started and left behind is killed: an engine's own process would keep the GPU. Raises
        TimeoutError when it had to be killed itself."""
        if self._process is None or self._watcher is None:
            return None
        self._stopping = True
        self._process.send_signal(signal.SIGTERM)
        self._watcher.join(grace_s)
        late = self._watcher.is_alive()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._watcher.join()
        if late:
            raise TimeoutError(f"not ended within {grace_s:g} s of being asked")
        return self._process.returncode
