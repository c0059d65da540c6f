"""The speech server as a container's child process: drained before it goes; neither outlives the
other."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tensorrt_tts.child_process import ChildProcess
from tensorrt_tts.errors import EngineError


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


def once_listening(
    server: ChildProcess, port: int, then: Callable[[], object], pause_s: float = 1.0
) -> threading.Thread:
    """Calls `then` when this host's port takes connections, from the thread returned; never when
    the server ends first."""

    def listening() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        return False

    def wait() -> None:
        if server.wait_until(listening, pause_s=pause_s):
            then()

    thread = threading.Thread(target=wait, name="port watcher", daemon=True)
    thread.start()
    return thread


def drain(server: ChildProcess, grace_s: float) -> None:
    """Asks the server to stop, and waits until it has said what it had begun. Raises EngineError
    when it had to be killed, since speech was cut then."""
    try:
        server.stop(grace_s)
    except TimeoutError as error:
        raise EngineError(
            f"the server did not end within {grace_s:g} s of being asked and was killed; "
            "lower --drain-timeout-s or raise the container's grace period"
        ) from error
