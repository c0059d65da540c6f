"""Whether this process is worth keeping, and whether to send it work. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tensorrt_tts.errors import EngineDiedError, StalledError, TTSError
from tensorrt_tts.server.deadlines import STALLS_IN_A_ROW


@dataclass(slots=True)
class Health:
    # Told to stop; open speech goes on.
    draining: bool = False
    # The engine is beyond help: the process should end, and whoever watches over it start another.
    fault: EngineDiedError | None = None
    # Streams in a row that stalled, with no audio of any stream between them.
    stalls: int = 0

    @property
    def live(self) -> bool:
        """False only when a restart would help."""
        return self.fault is None

    @property
    def ready(self) -> bool:
        return self.live and not self.draining

    @property
    def status(self) -> str:
        return "failed" if self.fault else "draining" if self.draining else "ok"

    def note_audio(self) -> None:
        self.stalls = 0

    def note_error(self, error: TTSError) -> None:
        """Learn from what ended a stream."""
        if isinstance(error, EngineDiedError):
            self.fault = self.fault or error
        elif isinstance(error, StalledError):
            self.stalls += 1
            if self.stalls >= STALLS_IN_A_ROW:
                self.fault = self.fault or EngineDiedError(
                    f"{self.stalls} streams in a row stalled; the engine is taken for dead"
                )
