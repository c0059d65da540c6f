"""SIGTERM and SIGINT reach the service before the server that runs its app."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def stop_signals(stop: Callable[[int], None]) -> Iterator[Callable[[int], None]]:
    """For the block, tell `stop` their numbers. Gives what passes a signal on to whoever handled
    it before: uvicorn, for one, closes every WebSocket the moment it hears of it, so it should
    hear of it last (Kludex/uvicorn#1344).

    Handlers of an event loop (`loop.add_signal_handler`, as Hypercorn's) are told at once all the
    same. Outside the main thread nobody is told of signals, and passing one on does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda number: None
        return
    before = {
        number: signal.signal(number, lambda number, frame: stop(number))
        for number in (signal.SIGTERM, signal.SIGINT)
    }

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def pass_on(number: int) -> None:
        restore()
        signal.raise_signal(number)

    try:
        yield pass_on
    finally:
        restore()
