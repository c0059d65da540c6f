"""Whether this process is worth keeping, and whether to send it work. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tensorrt_tts.errors import EngineDiedError, StalledError, TTSError

STALLS_IN_A_ROW = 3
"""One stalled stream may be its own fault; this many with no audio between them is the engine's."""


@dataclass(slots=True)
class Health:
    """draining: told to stop; open speech goes on. fault: the engine is beyond help: the process
    should end so that whoever watches over it starts another."""

    draining: bool = False
    fault: EngineDiedError | None = None
    stalls: int = 0

    @property
    def live(self) -> bool:
        """False only when a restart would help."""
        return self.fault is None

    @property
    def ready(self) -> bool:
        return self.live and not self.draining

    @property
    def word(self) -> str:
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
