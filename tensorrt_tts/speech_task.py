"""One request being spoken: tokens to steps, steps to the codec's scheduler, PCM to a listener."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tensorrt_tts.audio.pauses import SegmentPauses
from tensorrt_tts.backends.base import Backend, TokenChunk
from tensorrt_tts.codecs.scheduler import CodecScheduler, Decoded, ScheduledStream
from tensorrt_tts.errors import (
    BackendError,
    EngineDiedError,
    InputError,
    NoAudioError,
    StalledError,
)
from tensorrt_tts.families.base import Family, FrameParser, Voice
from tensorrt_tts.kept_voice import KeptVoice
from tensorrt_tts.playback import PlaybackClock
from tensorrt_tts.prepared import PreparedSegment
from tensorrt_tts.request_text import FedText
from tensorrt_tts.speech import AudioChunk, SegmentReport, SpeechReport
from tensorrt_tts.stream_options import StreamOptions
from tensorrt_tts.watchdog import Watchdog
from tensorrt_tts.word_timeline import SpeakingRates, WordTimeline

PREPARED_AHEAD = 16
"""Segments below which more of a long text is read, while they are spoken."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What all speeches of a synthesizer go through."""

    family: Family
    backend: Backend
    scheduler: CodecScheduler
    options: StreamOptions
    rates: SpeakingRates = field(default_factory=SpeakingRates)


class SpeechTask:
    """The task that generates, decodes and queues one request's audio, segment by segment.

    It holds no reference to its `Speech`, so that a dropped listener is noticed.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        name: str,
        began: float | None = None,
        lead_s: float = math.inf,
    ) -> None:
        """began: `time.perf_counter()` of the request, if that was not just now. lead_s: see
        `Synthesizer.open_fed`."""
        self._sample_rate = pipeline.scheduler.codec.context.sample_rate
        self._timeline = WordTimeline(self._sample_rate, pipeline.rates)
        self.report = SpeechReport(self._sample_rate, timeline=self._timeline)
        self.playback = PlaybackClock(self._sample_rate)
        self._began = time.perf_counter() if began is None else began
        self._pipeline = pipeline
        self._name = name
        self._lead_s = lead_s
        self._segments: asyncio.Queue[PreparedSegment | Exception | None] = asyncio.Queue()
        self._begun = asyncio.Event()  # a segment was taken from there
        self._reader: asyncio.Task[None] | None = None
        self._ready: asyncio.Queue[AudioChunk | BaseException | None] = asyncio.Queue()
        self._untaken = 0  # samples in the queue
        self.unspoken = 0
        """Characters of the segments that have not been begun."""
        self.segments = 0
        """How many have come."""
        options = pipeline.options
        self.kept = KeptVoice(
            pipeline.family, pipeline.backend.capacity.max_sequence, options.voice_tokens
        )
        self._pauses = SegmentPauses(
            self._sample_rate, options.sentence_pause_s, options.paragraph_pause_s
        )
        self._taken = asyncio.Event()
        self._resumed = asyncio.Event()
        self._resumed.set()
        self._scheduled: ScheduledStream | None = None
        self._end: BaseException | None = BackendError("the speech was cancelled from outside")
        self._reported = False
        self._loop = asyncio.get_running_loop()
        self._watchdog = Watchdog(pipeline.options.stall_s, self._stalled)
        self._token_due: float | None = None  # since when the next one is waited for
        token = f"token from backend {pipeline.backend.name!r}"
        self._watchdog.watch(token, lambda: self._token_due)
        self.task = self._loop.create_task(self._produce(), name=name)
        self.task.add_done_callback(self._ended)  # also where it was cancelled before it began

    def add(self, segments: Sequence[PreparedSegment]) -> None:
        for segment in segments:
            self.unspoken += len(segment.text)
            self.segments += 1
            self._segments.put_nowait(segment)

    def end(self) -> None:
        """No more segments follow."""
        self._segments.put_nowait(None)

    def read_on(self, more: Callable[[], Awaitable[Sequence[PreparedSegment]]]) -> None:
        """Add what `more` gives whenever few segments are left, and end when it gives none."""
        self._reader = self._loop.create_task(self._read_on(more))

    async def _read_on(self, more: Callable[[], Awaitable[Sequence[PreparedSegment]]]) -> None:
        try:
            while True:
                while self._segments.qsize() >= PREPARED_AHEAD:
                    self._begun.clear()
                    await self._begun.wait()
                segments = await more()
                self.add(segments)
                if not segments:
                    self.end()
                    return
        except Exception as error:
            self._segments.put_nowait(error)

    async def next(self) -> AudioChunk | BaseException | None:
        """A chunk, or how it ended: an error, or None when all has been said or it was stopped."""
        item = await self._ready.get()
        if isinstance(item, AudioChunk):
            await self._resumed.wait()
            self._untaken -= len(item.pcm)
            self._taken.set()
        return item

    def pause(self) -> None:
        """See `Speech.pause`."""
        self._resumed.clear()
        self.playback.pause(time.monotonic())
        if self._scheduled is not None:
            self._scheduled.pause()

    def resume(self) -> None:
        self._resumed.set()
        self.playback.resume(time.monotonic())
        if self._scheduled is not None:
            self._scheduled.resume()

    async def stop(self, reason: BaseException | None = None) -> None:
        """Stop generating and wait until it has stopped. reason: what the listener is told.

        Raises EngineDiedError when it does not stop within `StreamOptions.stop_s`.
        """
        self._resumed.set()
        if self.task.done():
            return
        self._report(reason)
        self.task.cancel()
        limit = self._pipeline.options.stop_s
        _, stuck = await asyncio.wait([self.task], timeout=limit)
        if stuck:
            raise EngineDiedError(
                f"backend {self._pipeline.backend.name!r} did not stop a stream within "
                f"{limit:g} s; restart it"
            )

    def abandon(self) -> None:
        """Stop soon. May be called from any thread, as a finaliser is."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.task.cancel)

    async def _produce(self) -> None:
        try:
            while (segment := await self._segments.get()) is not None:
                self._begun.set()
                if isinstance(segment, Exception):
                    raise segment
                await self._wait_for_room()
                self.unspoken -= len(segment.text)
                await self._speak(self.kept.next(segment))
            if not self.report.samples:
                raise NoAudioError(
                    "the model ended without any audio; say it differently or try again"
                )
            self._end = None
        except Exception as error:
            self._end = error

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._watchdog.cancel()
        if self._reader is not None:
            self._reader.cancel()
        self._report(self._end)

    def _report(self, end: BaseException | None) -> None:
        """The last item, once."""
        if not self._reported:
            self._reported = True
            self._ready.put_nowait(end)

    def _stalled(self, what: str) -> None:
        limit = self._watchdog.limit_s
        self._report(StalledError(f"no {what} for {limit:g} s; the request was dropped, try again"))
        self.task.cancel()

    async def _wait_for_room(self) -> None:
        limit = self._pipeline.options.ahead_s * self._sample_rate
        while self._untaken > limit:
            self._taken.clear()
            await self._taken.wait()
        await self._resumed.wait()
        while (over := self.playback.buffered(time.monotonic()) - self._lead_s) > 0:
            await asyncio.sleep(over)
            await self._resumed.wait()

    async def _speak(self, segment: PreparedSegment) -> None:
        """Generate one segment, and wait until all of it is decoded."""
        backend, index = self._pipeline.backend, len(self.report.segments)
        parser = self._pipeline.family.parser(segment.voice)
        report = SegmentReport(segment.text, len(segment.prompt.ids), counts=parser.counts)
        self.report.segments.append(report)
        self._timeline.begin(segment, self._id_s(segment.voice))
        decoded: asyncio.Future[None] = self._loop.create_future()
        said: list[int] = []
        chunks = backend.stream(segment.prompt, segment.sampling, f"{self._name}-{index}")
        try:
            async with contextlib.aclosing(chunks):
                while report.finish is None:
                    chunk = await self._next(chunks)
                    if chunk.ids and self.report.first_token_s is None:
                        self.report.first_token_s = self._elapsed()
                    report.tokens += len(chunk.ids)
                    self._timeline.looked_at(chunk.looked_at)
                    said += chunk.ids
                    steps = parser.push(chunk.ids)
                    if steps:
                        self._opened(parser, segment, index, decoded).push(steps)
                    if decoded.done():
                        decoded.result()  # the codec failed
                    report.finish = chunk.finish
            parser.finish()
            self.kept.hear(segment, said)
            if self._scheduled is not None:
                self._scheduled.end(parser.tail)
                await decoded
            else:
                report.ends_at = self.report.samples  # nothing of it is heard
        finally:
            decoded.cancel()
            if self._scheduled is not None:
                self._watchdog.forget("audio from the codec")
                self._scheduled.cancel()
                self._scheduled = None

    def _id_s(self, voice: Voice) -> float:
        """Seconds of audio for an id."""
        frame = self._pipeline.scheduler.codec.context.samples_per_frame / self._sample_rate
        return frame / max(1, len(self._pipeline.family.grammar_of(voice).cycle))

    async def _next(self, chunks: AsyncGenerator[TokenChunk, None]) -> TokenChunk:
        self._token_due = self._watchdog.now()
        try:
            return await anext(chunks)
        except StopAsyncIteration as error:
            backend = self._pipeline.backend.name
            raise BackendError(f"backend {backend!r} ended a stream without saying why") from error
        finally:
            self._token_due = None

    def _opened(
        self,
        parser: FrameParser,
        segment: PreparedSegment,
        index: int,
        decoded: asyncio.Future[None],
    ) -> ScheduledStream:
        """This segment's place at the codec: only now, since the condition comes with tokens."""
        if self._scheduled is not None:
            return self._scheduled
        scheduler, options = self._pipeline.scheduler, self._pipeline.options
        condition = parser.condition
        stream = scheduler.codec.open(options.schedule, segment.seed, condition, options.stateful)
        pause = self._pauses.before(segment.before)

        def deliver(item: Decoded | Exception | None) -> None:
            nonlocal pause
            taken, pause = pause, 0
            self._loop.call_soon_threadsafe(self._take, item, index, decoded, taken)

        scheduled = scheduler.open(stream, self.playback, deliver)
        scheduled.paused = not self._resumed.is_set()
        self._watchdog.watch(
            "audio from the codec",
            lambda: None if scheduled.paused else scheduled.due_since,
        )
        self._scheduled = scheduled
        return scheduled

    def _take(
        self,
        item: Decoded | Exception | None,
        index: int,
        decoded: asyncio.Future[None],
        pause: int,
    ) -> None:
        """What the codec has for this segment. pause: samples of silence in front of it."""
        if decoded.done():
            return  # stopped meanwhile
        if item is None:
            self.report.segments[index].ends_at = self.report.samples
            self._timeline.end()
            decoded.set_result(None)
        elif isinstance(item, Exception):
            decoded.set_exception(item)
        else:
            self._timeline.hear(item.pcm, self.report.samples + pause)
            pcm = np.concatenate([np.zeros(pause, np.int16), item.pcm]) if pause else item.pcm
            chunk = AudioChunk(pcm, index, self._elapsed(), item.decode_s)
            self._note(chunk)
            self.report.pause_samples += pause
            self._untaken += len(chunk.pcm)
            self._ready.put_nowait(chunk)

    def _note(self, chunk: AudioChunk) -> None:
        report = self.report
        if report.first_audio_s is None:
            report.first_audio_s = chunk.at
        audible = self._pauses.hear(chunk.pcm)
        if report.audible_onset_s is None and audible is not None:
            into = (report.samples + audible) / report.sample_rate
            report.audible_onset_s = report.first_audio_s + into
        report.samples += len(chunk.pcm)
        report.chunks += 1
        report.decode_s.append(chunk.decode_s)
        report.total_s = chunk.at

    def _elapsed(self) -> float:
        return time.perf_counter() - self._began


class Speech:
    """Async iterator of `AudioChunk`s for one listener, and an async context manager.

    `report` fills while it runs. Leaving `async with`, `aclose()`, cancelling the task that
    iterates, or dropping the speech ends the generation and frees its place in the backend; the
    first three wait until it has. Generation stops when the listener does.
    """

    def __init__(self, task: SpeechTask, text: FedText | None = None) -> None:
        """text: for a speech whose text is still coming."""
        self.report = task.report
        self.playback = task.playback
        self._task = task
        self._text = text
        self._over = False

    @property
    def voice(self) -> Voice | None:
        """Who speaks, as heard in the first segment (`Family.keep`); None before that is over."""
        return self._task.kept.voice

    async def feed(self, text: str, flush: bool = False) -> None:
        """More of the text, in pieces of any size: what is spoken does not depend on where it is
        cut. flush: what has come is spoken now, also where a sentence might go on.

        Raises TextError for a text that cannot be spoken, which leaves what came before as it is;
        InputError after `end`, and for a speech whose text was whole.
        """
        self._task.add(await self._fed().feed(text, flush))

    async def end(self) -> None:
        """The text is whole. Raises TextError when there was nothing to speak."""
        self._task.add(await self._fed().end())
        self._task.end()

    @property
    def segments(self) -> int:
        """How many parts of the text have come."""
        return self._task.segments

    @property
    def unspoken_s(self) -> float:
        """Seconds of audio, about, that what has come and was not begun would take."""
        begun = sum(len(segment.text) for segment in self.report.segments)
        return self._task.unspoken * self.report.audio_s / begun if begun else 0.0

    def pause(self) -> None:
        """Hand out no more audio until `resume`, in the middle of a segment too. What the language
        model has begun it finishes (a segment at most); nothing more is decoded."""
        self._task.pause()

    def resume(self) -> None:
        self._task.resume()

    def _fed(self) -> FedText:
        if self._text is None:
            raise InputError(
                "this speech has its whole text; open one to feed with Synthesizer.open_fed"
            )
        return self._text

    def __aiter__(self) -> Speech:
        return self

    async def __anext__(self) -> AudioChunk:
        if self._over:
            raise StopAsyncIteration
        try:
            item = await self._task.next()
        except asyncio.CancelledError:
            await self.aclose()
            raise
        if isinstance(item, AudioChunk) and not self._over:
            return item
        await self.aclose()
        if isinstance(item, BaseException):
            raise item
        raise StopAsyncIteration

    async def __aenter__(self) -> Speech:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop generating and wait until it has stopped. May be called any number of times, and
        while another task waits for the next chunk: the iteration then ends."""
        self._over = True
        await self._task.stop()

    def __del__(self) -> None:
        if not self._over:
            self._task.abandon()
