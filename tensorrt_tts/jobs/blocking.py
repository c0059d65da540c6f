"""A `Speaker` for callers without an event loop: one loop on a thread of its own owns it.

A backend's requests, their cancellation and its statistics belong to one loop. Containers call from
whatever thread they like, several at a time, and from loops of their own.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

from tensorrt_tts.jobs.speaker import Speaker, Spoken

T = TypeVar("T")


class BlockingSpeaker:
    """The speaker's methods, blocking. Safe to call from any thread, several at a time."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="speaker", daemon=True)
        self._thread.start()

    def speak(self, text: str, voice: str | None = None, seed: int | None = None) -> Spoken:
        return self.run(self.speaker.speak(text, voice, seed))

    def stream(
        self, text: str, voice: str | None = None, seed: int | None = None
    ) -> Iterator[bytes]:
        """Closing the iterator early ends the generation."""
        chunks = self.speaker.stream(text, voice, seed)

        async def step() -> bytes | None:
            return await anext(chunks, None)

        try:
            while (chunk := self.run(step())) is not None:
                yield chunk
        finally:
            self.run(chunks.aclose())

    def benchmark_report(self, runs: int = 5) -> str:
        return self.run(self.speaker.benchmark_report(runs))

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Its result, computed on the speaker's loop. Raises what it raises.

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
        """Ends what runs and frees the backend. May be called twice."""
        if self._loop.is_closed():
            return
        self.run(self.speaker.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
