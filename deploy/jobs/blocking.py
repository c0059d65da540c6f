"""A `Speaker` for callers without an event loop: one loop on a thread of its own owns it.

A backend's requests, their cancellation and its statistics belong to one loop. Containers call from
whatever thread they like, several at a time, and from loops of their own.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from typing import TypeVar

from deploy.jobs.speaker import Speaker, Spoken
from tensorrt_tts.loop_thread import LoopThread

T = TypeVar("T")


class BlockingSpeaker:
    """The speaker's methods, blocking. Safe to call from any thread, several at a time."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker
        self.sample_rate = speaker.synthesizer.sample_rate
        self._loop = LoopThread("speaker")

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
        """Its result, computed on the speaker's loop, as `LoopThread.run`."""
        return self._loop.run(work)

    def close(self) -> None:
        """Ends what runs and frees the backend. May be called twice."""
        if self._loop.closed:
            return
        self.run(self.speaker.close())
        self._loop.close()
