"""What this server waits for that may never come: how long, and what it makes of it.

Streams have two more, which the settings give to the synthesizer: `stall_timeout_s` for a token or
the codec's answer, and `abort_timeout_s` for an engine to let go of a stream. Proxies, clients and
probes have those of `ServerSettings`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from typing import Any

from tensorrt_tts.errors import EngineDiedError

logger = logging.getLogger(__name__)

WATCH_S = 0.1
"""Between two looks at the engine and at whether a signal has come."""

STALLS_IN_A_ROW = 3
"""One stalled stream may be its own fault; this many with no audio between them is the engine's."""

CLOSE_FRAME_S = 1.0
"""A client that has stopped reading takes no close frame either; TCP drops it soon (`bind`)."""

SHUTDOWN_S = 1
"""For what is still open after the drain: it has been told 1012 and is not waited for longer."""

ENGINE_CLOSE_S = 5.0
"""For the engine to free the device at the end, after `abort_timeout_s` for its streams."""


async def cancel(tasks: Iterable[asyncio.Task[Any]], within_s: float) -> None:
    """Cancel tasks and wait until they have ended. Raises EngineDiedError when they do not: nothing
    but an engine that does not let go of a stream keeps them."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    _, stuck = await asyncio.wait(tasks, timeout=within_s)
    if stuck:
        raise EngineDiedError(f"the engine did not stop a stream within {within_s:g} s")


async def close_engine(closing: Coroutine[Any, Any, None], within_s: float) -> None:
    """Leaves one that does not close: the process is about to end."""
    try:
        async with asyncio.timeout(within_s):
            await closing
    except TimeoutError:
        logger.error("the engine did not close within %g s; leaving it", within_s)
