"""uvicorn that lets open speech finish.

At SIGTERM uvicorn closes every WebSocket with 1012 at once; its graceful timeout only waits for
HTTP bodies (Kludex/uvicorn#1344). Here the first signal starts a drain, and uvicorn's own shutdown
follows when it is over, or when a second signal says to stop now.
"""

from __future__ import annotations

import logging
import signal
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from tensorrt_tts.server.service import Service

logger = logging.getLogger(__name__)

SHUTDOWN_TIMEOUT_S = 1
"""For what is still open after the drain: it has been told 1012 and is not waited for longer."""


class DrainingServer(uvicorn.Server):
    """exit_code: 0 after a drain, 128 + signal when stopped by a second one (as shells count), the
    fault's own when the engine died."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        config.timeout_graceful_shutdown = SHUTDOWN_TIMEOUT_S
        super().__init__(config)
        self.exit_code = 0
        self.service = service
        self._stop_asked = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Only sets flags: it runs between any two bytecodes. `on_tick` acts on them in the loop.
        uvicorn's own version would also raise the signal again after a clean end."""
        if self._stop_asked:
            self.exit_code = 128 + sig
            self.should_exit = True
            self.force_exit = sig == signal.SIGINT
        self._stop_asked = True

    async def on_tick(self, counter: int) -> bool:
        """Every 0.1 s."""
        stop = await super().on_tick(counter)
        service = self.service
        service.look_at_engine()
        fault = service.health.fault
        if fault is not None and not self.exit_code:
            logger.error("stopping: %s", fault)
            self.exit_code = fault.exit_code
        if (self._stop_asked or fault is not None) and not service.health.draining:
            logger.info("draining: %d sockets open", len(service.sessions))
            service.drain()
        return stop or service.drained
