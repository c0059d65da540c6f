"""What all sockets of one server share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from tensorrt_tts.errors import CapacityError, DrainingError, EngineDiedError, TTSError
from tensorrt_tts.server.health import Health
from tensorrt_tts.server.metrics import ServerMetrics
from tensorrt_tts.server.slots import Slots

if TYPE_CHECKING:
    from tensorrt_tts.server.settings import ServerSettings
    from tensorrt_tts.synthesizer import Synthesizer


class Session(Protocol):
    """An open socket, as the service sees it."""

    def drain(self) -> None:
        """Finish what was asked for, then close."""
        ...


class Service:
    """A loaded synthesizer, its slots, its health and its open sockets."""

    def __init__(self, settings: ServerSettings, synthesizer: Synthesizer) -> None:
        self.settings = settings
        self.synthesizer = synthesizer
        self.slots = Slots(settings.slots, settings.max_queued)
        self.metrics = ServerMetrics(self.slots, synthesizer.backend)
        self.health = Health()
        self.sessions: set[Session] = set()
        self._drain_ends = 0.0

    def admit(self) -> None:
        """Raises DrainingError or CapacityError when no further socket can be taken."""
        self.refuse_if_closing()
        if len(self.sessions) >= self.settings.max_sockets:
            raise CapacityError(
                f"{len(self.sessions)} sockets are open, the most this server holds; "
                "try again in 1 s",
                retry_after=1,
            )

    def refuse_if_closing(self) -> None:
        """Raises what new work is to be told: the fault, or that the server is stopping."""
        if self.health.fault is not None:
            raise EngineDiedError(str(self.health.fault))
        if self.health.draining:
            error = DrainingError("the server is shutting down; try another one, or again in 5 s")
            error.retry_after = 5
            raise error

    def look_at_engine(self) -> None:
        """An engine that dies while nobody speaks should be known before the next caller is."""
        fault = self.synthesizer.backend.stats().fault
        if fault is not None and self.health.fault is None:
            self.note_error(EngineDiedError(f"the engine died: {fault}"))

    def note_error(self, error: TTSError) -> None:
        self.health.note_error(error)

    def drain(self) -> None:
        """Take no more work; sockets close as they become idle. Any further call does nothing."""
        if self.health.draining:
            return
        self.health.draining = True
        self.metrics.draining.set(1)
        self._drain_ends = time.monotonic() + self.settings.drain_timeout_s
        for session in list(self.sessions):
            session.drain()

    @property
    def drained(self) -> bool:
        """Nothing is left to wait for, or no more time to wait."""
        over = time.monotonic() >= self._drain_ends
        return self.health.draining and (not self.sessions or over)
