"""One request being spoken: tokens to frames to PCM, and the queue to whoever listens."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from tensorrt_tts.audio.pcm import level_to_amplitude
from tensorrt_tts.backends.base import TokenChunk
from tensorrt_tts.errors import BackendError, EngineDiedError, NoAudioError, StalledError
from tensorrt_tts.families.orpheus.frames import FrameParser
from tensorrt_tts.speech import AudioChunk, SegmentReport, SpeechReport
from tensorrt_tts.speech_plan import SpeechPlan

if TYPE_CHECKING:
    from tensorrt_tts.synthesizer import Synthesizer

AUDIBLE = level_to_amplitude(-40.0)
"""Speech level against the pause before it: −40 dBFS is some 20 dB below soft speech."""


class Production:
    """The task that generates, decodes and queues one request's audio.

    It holds no reference to its `SpeechStream`, so that a dropped listener is noticed.
    """

    def __init__(
        self, synthesizer: Synthesizer, plan: SpeechPlan, name: str, began: float | None = None
    ) -> None:
        """began: `time.perf_counter()` of the request, if that was not just now."""
        self.report = SpeechReport(synthesizer.sample_rate)
        self._began = time.perf_counter() if began is None else began
        self._synthesizer = synthesizer
        self._plan = plan
        self._name = name
        self._ready: asyncio.Queue[AudioChunk | BaseException | None] = asyncio.Queue()
        self._untaken = 0  # samples in the queue
        self._taken = asyncio.Event()
        self._end: BaseException | None = BackendError("the speech was cancelled from outside")
        self._told = False
        self._loop = asyncio.get_running_loop()
        self._progress = self._loop.time()
        self._awaited: str | None = None
        self._watch = self._loop.call_later(synthesizer.options.stall_s, self._check_progress)
        self.task = self._loop.create_task(self._produce(), name=name)
        self.task.add_done_callback(self._ended)  # also where it was cancelled before it began

    async def next(self) -> AudioChunk | BaseException | None:
        """A chunk, or how it ended: an error, or None when all has been said or it was stopped."""
        item = await self._ready.get()
        if isinstance(item, AudioChunk):
            self._untaken -= len(item.pcm)
            self._taken.set()
        return item

    async def stop(self, reason: BaseException | None = None) -> None:
        """Stop generating and wait until it has stopped. reason: what the listener is told.

        Raises EngineDiedError when it does not stop within `StreamOptions.stop_s`.
        """
        if self.task.done():
            return
        self._tell(reason)
        self.task.cancel()
        limit = self._synthesizer.options.stop_s
        _, stuck = await asyncio.wait([self.task], timeout=limit)
        if stuck:
            raise EngineDiedError(
                f"backend {self._synthesizer.backend.name!r} did not stop a stream within "
                f"{limit:g} s; restart it"
            )

    def abandon(self) -> None:
        """Stop soon. May be called from any thread, as a finaliser is."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.task.cancel)

    async def _produce(self) -> None:
        try:
            for index in range(len(self._plan.segments)):
                await self._wait_for_room()
                await self._speak(index)
            if not self.report.samples:
                raise NoAudioError(
                    "the model ended without any audio; say it differently or try again"
                )
            self._end = None
        except Exception as error:
            self._end = error

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._watch.cancel()
        self._tell(self._end)

    def _tell(self, end: BaseException | None) -> None:
        """The last item, once."""
        if not self._told:
            self._told = True
            self._ready.put_nowait(end)

    def _check_progress(self) -> None:
        """A watch beside the task, not a timeout in it: what hangs may not let itself be cancelled,
        and the listener has to know all the same."""
        limit = self._synthesizer.options.stall_s
        late = 0.0 if self._awaited is None else self._loop.time() - self._progress
        if late < limit:
            self._watch = self._loop.call_later(limit - late, self._check_progress)
            return
        self._tell(
            StalledError(f"no {self._awaited} for {limit:g} s; the request was dropped, try again")
        )
        self.task.cancel()

    @contextlib.contextmanager
    def _waiting_for(self, what: str) -> Iterator[None]:
        self._awaited, self._progress = what, self._loop.time()
        try:
            yield
        finally:
            self._awaited = None

    async def _wait_for_room(self) -> None:
        limit = self._synthesizer.options.ahead_s * self._synthesizer.sample_rate
        while self._untaken > limit:
            self._taken.clear()
            await self._taken.wait()

    async def _speak(self, index: int) -> None:
        """Generate, decode and hand out one segment."""
        synthesizer, plan = self._synthesizer, self._plan
        parser = FrameParser(synthesizer.model.tokens)
        decoder = synthesizer.decoder(parser, plan.seed + index)
        prompt = plan.prompts[index]
        segment = SegmentReport(plan.segments[index], len(prompt.ids), counts=parser.counts)
        self.report.segments.append(segment)
        chunks = synthesizer.backend.stream(prompt, plan.sampling[index], f"{self._name}-{index}")
        async with contextlib.aclosing(chunks):
            while segment.finish is None:
                chunk = await self._next(chunks)
                if chunk.ids and self.report.first_token_s is None:
                    self.report.first_token_s = self._elapsed()
                segment.tokens += len(chunk.ids)
                if decoder.accept(chunk.ids):
                    await self._emit(index, decoder.decode)
                segment.finish = chunk.finish
        await self._emit(index, decoder.flush)

    async def _next(self, chunks: AsyncGenerator[TokenChunk, None]) -> TokenChunk:
        backend = self._synthesizer.backend.name
        try:
            with self._waiting_for(f"token from backend {backend!r}"):
                return await anext(chunks)
        except StopAsyncIteration as error:
            raise BackendError(f"backend {backend!r} ended a stream without saying why") from error

    async def _emit(self, index: int, decode: Callable[[], np.ndarray]) -> None:
        """Run the codec on its thread and queue what it gave, if anything."""
        began = time.perf_counter()
        with self._waiting_for("audio from the codec"):
            pcm = await self._loop.run_in_executor(self._synthesizer.codec_thread, decode)
        if not len(pcm):
            return
        chunk = AudioChunk(pcm, index, self._elapsed(), time.perf_counter() - began)
        self._note(chunk)
        self._untaken += len(pcm)
        self._ready.put_nowait(chunk)

    def _note(self, chunk: AudioChunk) -> None:
        report = self.report
        if report.first_audio_s is None:
            report.first_audio_s = chunk.at
        if report.audible_onset_s is None:
            loud = np.flatnonzero(np.abs(chunk.pcm.astype(np.int32)) > AUDIBLE)
            if len(loud):
                into = (report.samples + int(loud[0])) / report.sample_rate
                report.audible_onset_s = report.first_audio_s + into
        report.samples += len(chunk.pcm)
        report.chunks += 1
        report.decode_s.append(chunk.decode_s)
        report.total_s = chunk.at

    def _elapsed(self) -> float:
        return time.perf_counter() - self._began


class SpeechStream:
    """Async iterator of `AudioChunk`s for one listener, and an async context manager.

    `report` fills while it runs. Leaving `async with`, `aclose()`, cancelling the task that
    iterates, or dropping the stream ends the generation and frees its place in the backend; the
    first three wait until it has. Nothing goes on for nobody.
    """

    def __init__(self, production: Production) -> None:
        self.report = production.report
        self._production = production
        self._over = False

    def __aiter__(self) -> SpeechStream:
        return self

    async def __anext__(self) -> AudioChunk:
        if self._over:
            raise StopAsyncIteration
        try:
            item = await self._production.next()
        except asyncio.CancelledError:
            await self.aclose()
            raise
        if isinstance(item, AudioChunk):
            return item
        await self.aclose()
        if item is not None:
            raise item
        raise StopAsyncIteration

    async def __aenter__(self) -> SpeechStream:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop generating and wait until it has stopped. May be called any number of times, and
        while another task waits for the next chunk: the iteration then ends."""
        self._over = True
        await self._production.stop()

    def __del__(self) -> None:
        if not self._over:
            self._production.abandon()
