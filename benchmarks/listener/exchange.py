"""What one request and its answer looked like on the wire, and what can carry one."""

from __future__ import annotations

import math
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from benchmarks.prompts import Prompt
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ

UNSAID = SNAC_24KHZ.context()
"""The audio of a server that does not say what its audio is: Orpheus's, as most speak."""


@dataclass(frozen=True, slots=True)
class Message:
    """A binary message and when the client had it (seconds, `time.perf_counter`)."""

    at: float
    payload: bytes


@dataclass(slots=True)
class Exchange:
    """Raw record of one request, not yet interpreted: interpreting costs time, and time spent while
    other streams are being measured is time they are measured late.

    scheduled: when the request was due. sent: when it left. final: the server's last JSON message.
    closed: when the exchange was over. error: one line, None when the server finished the answer.
    refused: it was not begun, because the server was full, draining or not there. retry_after:
    seconds that the server then wants to be left alone, where it says so.
    sample_rate: Hz. samples_per_frame: of what its model completes before the next one begins. Both
    as the server says.
    edge: it was under way while the load was still building up or nobody waited for it any more; it
    keeps the server as busy as the rest and is not judged.
    """

    prompt: Prompt
    voice: str | None
    scheduled: float
    sent: float
    messages: list[Message] = field(default_factory=list)
    final: dict[str, Any] | None = None
    closed: float = 0.0
    error: str | None = None
    refused: bool = False
    retry_after: float | None = None
    edge: bool = False
    sample_rate: int = UNSAID.sample_rate
    samples_per_frame: int = UNSAID.samples_per_frame

    def told(self, name: str) -> float | None:
        """A figure in the server's last message; None where it is no finite number."""
        return _number(self.final, name)

    def reported(self, name: str) -> float | None:
        """One of the server's own `metrics` there."""
        return _number((self.final or {}).get("metrics"), name)


def _number(content: Any, name: str) -> float | None:
    """A server's figures only describe the answer: a wrong one must not end the run."""
    value = content.get(name) if isinstance(content, dict) else None
    return value if isinstance(value, int | float) and math.isfinite(value) else None


class Connection(Protocol):
    """One caller's way to the server. What breaks it is its own affair: a caller never meets a dead
    one."""

    async def connect(self) -> None:
        """Open it now, so that no request waits for the handshake; nothing to do when it is open.
        Raises CapacityError when the server takes no more, BackendError when nothing answers."""

    async def speak(self, prompt: Prompt, voice: str | None, scheduled: float) -> Exchange:
        """One request, connecting first where that has to be done. Never raises for what a server
        does, or for its absence: that is in the exchange."""
        ...


class Endpoint(Protocol):
    """A way into a server. A new protocol is a new class with this shape, nothing else."""

    name: str

    def open(self) -> AbstractAsyncContextManager[Connection]:
        """A connection, not yet connected, that is closed at the end."""
        ...
