"""The speech server as a container's child process: started with it, drained before it goes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

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


class ServerProcess:
    """start() returns at once: the server opens its port when it can speak, and the platform waits
    for that. stop() asks for a drain and waits for it."""

    def __init__(self, command: Sequence[str], grace_s: float) -> None:
        self._command = list(command)
        self._grace_s = grace_s
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command)

    def stop(self) -> int | None:
        """The server's exit code; None when it was never started. Raises EngineError when it had to
        be killed, since speech was cut then."""
        if self._process is None:
            return None
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(self._grace_s)
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            self._process.wait()
            raise EngineError(
                f"the server did not end within {self._grace_s:g} s of being asked and was killed; "
                "lower --drain-timeout-s or raise the container's grace period"
            ) from error
