"""Coroutines for callers that cannot await: threads without an event loop, and code that is called
inside a running one, as every cell of a notebook is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """An event loop on a thread of its own. Safe to use from any thread, several at a time."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    @property
    def closed(self) -> bool:
        return self._loop.is_closed()

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Its result, computed on this loop. Raises what it raises.

        Where the caller is interrupted while it waits (Ctrl-C, another signal's exception), the
        work is cancelled, and has ended when this raises the interruption.
        """
        task: asyncio.Task[Any] | None = None

        async def whole() -> T:
            nonlocal task
            task = asyncio.current_task()
            return await work

        async def end() -> None:  # the loop keeps the order: `whole` has begun
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait((task,))

        try:
            return asyncio.run_coroutine_threadsafe(whole(), self._loop).result()
        except BaseException:
            asyncio.run_coroutine_threadsafe(end(), self._loop).result()
            raise

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def run_blocking(work: Coroutine[object, object, T]) -> T:
    """`asyncio.run`; where a loop is running on this thread already, on a loop of its own.

    That running loop stands still meanwhile: code that shares it with others should await instead.
    """
    # Not in an except clause, which would put its RuntimeError into every traceback of the work.
    if not _loop_runs_here():
        return asyncio.run(work)  # type: ignore[arg-type]  # any coroutine, says its docstring
    thread = LoopThread("blocking")
    try:
        return thread.run(work)
    finally:
        thread.close()


def _loop_runs_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
