"""The speech server as a container's child process: drained before it goes; neither outlives the
other."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from tensorrt_tts.errors import EngineError

_WITH_PARENT = Path(__file__).with_name("with_parent.py")


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """slots, max_queued: of one container. drain_s: how long open speech may go on when the
    container is asked to stop."""

    backend: str
    model: str = "orpheus-3b"
    device: str = "cuda"
    port: int = 8000
    slots: int = 16
    max_queued: int = 8
    drain_s: float = 60.0

    @property
    def max_concurrency(self) -> int:
        """Connections a container takes; the platform refuses more before they reach it."""
        return self.slots + self.max_queued

    @property
    def target_concurrency(self) -> float:
        """Connections per container that the autoscaler aims at: new ones are started while there
        is still room for what arrives during their start."""
        return 0.7 * self.slots

    @property
    def grace_s(self) -> int:
        """From being asked to stop until being killed: the drain, and the engine's own end."""
        return int(self.drain_s) + 30

    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "tensorrt_tts.server"),
            *("--backend", self.backend, "--model", self.model, "--device", self.device),
            *("--host", "0.0.0.0", "--port", str(self.port)),
            *("--slots", str(self.slots), "--max-queued", str(self.max_queued)),
            *("--drain-timeout-s", str(self.drain_s)),
        ]


def end_container(code: int) -> None:
    """Modal knows nothing of the server: a container whose server has ended keeps its GPU and a
    closed port. A container that crashes is replaced, with a growing pause if that repeats."""
    try:
        print(f"the server ended with exit code {code}; ending the container", file=sys.stderr)
        sys.stderr.flush()
        sys.stdout.flush()
    finally:
        os._exit(code)  # from a thread, sys.exit would end only the thread


def once_listening(port: int, then: Callable[[], object], pause_s: float = 1.0) -> threading.Thread:
    """Calls `then` when this host's port takes connections, from the thread returned."""

    def wait() -> None:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(pause_s)
        then()

    thread = threading.Thread(target=wait, name="port watcher", daemon=True)
    thread.start()
    return thread


class ServerProcess:
    """start() returns at once: the server opens its port when it can speak, and the platform waits
    for that. stop() asks for a drain and waits for it.

    ended: told the exit code (128 + signal, as in a shell) of a server that ends unasked.
    """

    def __init__(
        self,
        command: Sequence[str],
        grace_s: float,
        ended: Callable[[int], object] = end_container,
    ) -> None:
        self._command = list(command)
        self._grace_s = grace_s
        self._ended = ended
        self._stopping = False
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: threading.Thread | None = None

    def start(self) -> None:
        started: Future[subprocess.Popen[bytes]] = Future()
        self._watcher = threading.Thread(
            target=self._watch, args=(started,), name="server watcher", daemon=True
        )
        self._watcher.start()
        self._process = started.result()

    def _watch(self, started: Future[subprocess.Popen[bytes]]) -> None:
        """Starts the server too: the kernel stops it when the thread that started it ends, and this
        one ends with the process."""
        try:
            process = self._spawn()
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(process)
        code = process.wait()
        if not self._stopping:
            self._ended(code if code >= 0 else 128 - code)

    def _spawn(self) -> subprocess.Popen[bytes]:
        """In a session of its own: to the server, a signal to the container's whole group followed
        by ours would be two, and the second means "stop now"."""
        wrapper = (sys.executable, "-IS", str(_WITH_PARENT), str(os.getpid()))
        return subprocess.Popen([*wrapper, *self._command], start_new_session=True)

    def stop(self) -> int | None:
        """The server's exit code; None when it was never started. Raises EngineError when it had to
        be killed, since speech was cut then."""
        if self._process is None or self._watcher is None:
            return None
        self._stopping = True
        self._process.send_signal(signal.SIGTERM)
        self._watcher.join(self._grace_s)
        if self._watcher.is_alive():
            self._process.kill()
            self._watcher.join()
            raise EngineError(
                f"the server did not end within {self._grace_s:g} s of being asked and was killed; "
                "lower --drain-timeout-s or raise the container's grace period"
            )
        return self._process.returncode
