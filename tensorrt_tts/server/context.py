"""One request in flight, from its arrival until it has ended, and who asked for it. No protocol."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from tensorrt_tts.backends.base import Finish
from tensorrt_tts.errors import (
    BackendError,
    CapacityError,
    DrainingError,
    EngineDiedError,
    MissingDependencyError,
    NoAudioError,
    StalledError,
    TTSError,
)
from tensorrt_tts.playback import PlaybackClock
from tensorrt_tts.server.accounts import Reservation
from tensorrt_tts.server.identity import IDENTITY
from tensorrt_tts.words import heard, joined

if TYPE_CHECKING:
    from tensorrt_tts.server.accounts import Credits
    from tensorrt_tts.server.health import Health
    from tensorrt_tts.server.key_limits import KeyUsage
    from tensorrt_tts.server.metrics import ServerMetrics
    from tensorrt_tts.server.settings import ServerSettings
    from tensorrt_tts.server.slots import Slots
    from tensorrt_tts.speech import AudioChunk, SpeechReport, SpeechRequest
    from tensorrt_tts.speech_task import Speech
    from tensorrt_tts.synthesizer import Synthesizer
    from tensorrt_tts.words import Word

logger = logging.getLogger(__name__)


NOT_THE_CLIENTS = frozenset(
    (
        "cut",
        TTSError.code,
        CapacityError.code,
        DrainingError.code,
        MissingDependencyError.code,
        BackendError.code,
        EngineDiedError.code,
        StalledError.code,
        NoAudioError.code,
    )
)
"""Outcomes of speech that the server did not finish."""


class ClientGoneError(Exception):
    """Nobody is left to send to, or to tell about it: the socket just ends."""


class Reason(StrEnum):
    """How speech ended that no error ended."""

    COMPLETED = "completed"  # the model said that it has finished
    MAX_TOKENS = "max_tokens"  # cut at the token budget: the model would have gone on
    CANCELLED = "cancelled"  # the client asked

    @classmethod
    def of(cls, report: SpeechReport) -> Reason:
        """Of a stream that ran to its end."""
        cut = any(segment.finish is Finish.LENGTH for segment in report.segments)
        return cls.MAX_TOKENS if cut else cls.COMPLETED


class Caller:
    """Who asks for speech: a socket for as long as it is open, or one HTTP request."""

    def __init__(self, on_drain: Callable[[], None] = lambda: None, name: str = "") -> None:
        """on_drain: told once that the server stops: finish what was asked for, then close.
        name: what the log calls it by, where it has one."""
        self.contexts: list[Context] = []
        """What it has asked for that has not ended, in the order of arrival."""
        self.on_drain = on_drain
        self.name = name
        self.identity = IDENTITY.get()


class Host(Protocol):
    """What a context needs of the `Service` that made it."""

    settings: ServerSettings
    synthesizer: Synthesizer
    slots: Slots
    key_usage: KeyUsage
    credits: Credits
    metrics: ServerMetrics
    health: Health

    def note_error(self, error: TTSError) -> None: ...

    def note_settled(self, context: Context) -> None: ...


class Context:
    """An async context manager that holds a slot, and the async iterator of its audio.

        async with service.speak(request, caller) as context:
            async for chunk in context:
                ...  # pass it on: whoever asks for the next chunk has sent the one before

    Entering reads the text, then waits for a slot; leaving frees the slot, and the engine has
    stopped by then. Both raise what refused or broke the request: InputError and CapacityError
    before any audio, BackendError, and TTSError for what nobody has foreseen. One task enters,
    iterates and leaves. A cancel ends the iteration and the block without an error.

    The outcome is settled on leaving, once, except where the block is left by a ClientGoneError or
    a cancelled task: why, only the protocol knows, which then calls `settle`.
    """

    def __init__(self, service: Host, request: SpeechRequest, caller: Caller) -> None:
        self.request = request
        self.identity = caller.identity
        # Seconds from the arrival until it had a slot: its text was read, and what the caller had
        # asked for before was spoken.
        self.queue_s = 0.0
        # None until it has a slot.
        self.report: SpeechReport | None = None
        # What was passed on; after a cancel less than what was generated.
        self.samples = 0
        self.chunks = 0
        # What is said, as far as it had been read when the speech began.
        self.said = ""
        # Segments that the text had, as far as it had been read then.
        self.parts = 0
        # None until it has ended; then a `Reason`, an error's code or what the protocol says.
        self.outcome: str | None = None
        self.reservation = Reservation()
        self._service = service
        self._caller = caller
        self._arrived = time.perf_counter()
        self._cancelled = False
        self._paused = False
        self._scope: asyncio.Timeout | None = None
        self._exits = AsyncExitStack()
        self._stream: Speech | None = None
        self._heard_out = False
        self._on_the_way: AudioChunk | None = None
        self._given = 0  # samples
        self._kept = 0  # of them, by whoever passes them on
        self._playback = PlaybackClock(service.synthesizer.sample_rate)
        self._stopped_at: float | None = None  # when its listener was told to stop
        self._words_given = 0
        caller.contexts.append(self)

    def cancel(self) -> None:
        """Stop now, or never begin. May be called at any time, and again."""
        if self._cancelled:
            return
        self._cancelled = True
        self._stop_listening()
        if self._scope is not None:
            self._scope.reschedule(asyncio.get_running_loop().time())

    def pause(self) -> None:
        """Give out no more audio until `resume`. See `Speech.pause`."""
        self._paused = True
        self._playback.pause(time.perf_counter())
        if self._stream is not None:
            self._stream.pause()

    def resume(self) -> None:
        self._paused = False
        self._playback.resume(time.perf_counter())
        if self._stream is not None:
            self._stream.resume()

    def keep(self, samples: int) -> None:
        """Of the audio that was given out, so much is not on its way to the listener yet: whoever
        resamples it looks ahead. For `heard_words`, which counts it as not heard."""
        self._kept = samples
        self._passed_on()

    def settle(self, outcome: str) -> None:
        """Count and log how it ended. Only the first call does."""
        if self.outcome is not None:
            return
        self.outcome = outcome
        self._caller.contexts.remove(self)
        self._service.metrics.requests.labels(outcome).inc()
        self._service.note_settled(self)
        first = self.report.first_audio_s if self.report is not None else None
        logger.info(
            "%s%s: %d characters, %d chunks, %.2f s of audio, queued %.0f ms, first audio %s",
            f"{self._caller.name}: " if self._caller.name else "",
            outcome,
            self.characters,  # never the text itself: it is the client's
            self.chunks,
            self.sent_s,
            1000 * self.queue_s,
            "none" if first is None else f"{1000 * first:.0f} ms",
            extra={"fields": self._fields(outcome, first)},
        )

    def words(self) -> list[Word]:
        """Those whose times became final since this was called last."""
        words = self.report.words if self.report is not None else []
        given, self._words_given = self._words_given, len(words)
        return words[given:]

    def heard_words(self) -> list[Word]:
        """What a listener has heard by now who plays in real time from the first chunk on; after a
        cancel, and where the block was left early, by then."""
        if self.report is None or self.report.timeline is None:
            return []
        now = time.perf_counter() if self._stopped_at is None else self._stopped_at
        return heard(self.report.timeline.estimates(), self.sent_s - self._playback.buffered(now))

    def heard(self) -> str:
        """The same as a text, in the spelling that was sent."""
        return joined(self.heard_words())

    def _fields(self, outcome: str, first_audio_s: float | None) -> dict[str, Any]:
        """Of the line in the log, for who reads it as JSON."""
        return {
            "outcome": outcome,
            "key": self.identity.key,
            "path": self.identity.path,
            "request": self._caller.name,
            "characters": self.characters,
            "audio_s": round(self.sent_s, 3),
            "queue_s": round(self.queue_s, 4),
            "first_audio_s": first_audio_s,
        }

    async def __aenter__(self) -> Self:
        self._exits.push(self._judge)
        if self._cancelled:
            return self
        try:
            self._scope = await self._exits.enter_async_context(asyncio.timeout(None))
            await self._begin()
        except BaseException as error:
            if not await self.__aexit__(type(error), error, error.__traceback__):
                raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        return bool(await self._exits.__aexit__(kind, error, trace))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AudioChunk:
        self._passed_on()
        if self._stream is None:
            raise StopAsyncIteration
        try:
            chunk = await anext(self._stream)
        except StopAsyncIteration:
            self._heard_out = True
            raise
        self._service.health.note_audio()
        self._on_the_way = chunk
        return chunk

    async def _begin(self) -> None:
        service = self._service
        service.slots.refuse_if_full()
        await self._count_for_key(len(self.request.text))
        # Read and checked before it takes a slot or a place in the queue from somebody else.
        plan = await service.synthesizer.prepare(self.request)
        self.said = " ".join(segment.text for segment in plan.segments)
        self.parts = len(plan.segments)
        await self._take_slot()
        await self._listen_to(service.synthesizer.start(plan))

    async def _take_slot(self) -> None:
        await self._exits.enter_async_context(self._service.slots.hold())
        self.queue_s = time.perf_counter() - self._arrived
        self._service.metrics.queue_wait_s.observe(self.queue_s)

    async def _listen_to(self, speech: Speech) -> None:
        self._stream = await self._exits.enter_async_context(speech)
        self.report = speech.report
        self._exits.callback(self._note_stream, speech.report)
        if self._paused:
            speech.pause()

    async def _count_for_key(self, characters: int) -> None:
        """A stream of the caller's key, for as long as this context has not ended. Raises
        RateLimitError and CreditError."""
        usage = self._service.key_usage.hold(self.identity, characters)
        await self._exits.enter_async_context(usage)
        await self._service.credits.reserve(self.reservation, self.identity, characters)

    def _passed_on(self) -> None:
        chunk, self._on_the_way = self._on_the_way, None
        if chunk is not None:
            self._given += len(chunk.pcm)
            self.chunks += 1
        news = self._given - self._kept - self.samples
        if news <= 0:
            return
        if self._playback.add(news, time.perf_counter()):
            self._service.metrics.late_chunks.inc()
        self.samples += news

    def _stop_listening(self) -> None:
        if self._stopped_at is None:
            self._stopped_at = time.perf_counter()

    @property
    def text(self) -> str:
        """All that came."""
        return self.request.text

    @property
    def characters(self) -> int:
        """Of the text that came."""
        return len(self.request.text)

    @property
    def payable(self) -> int:
        """Characters that its end leaves to pay for: all of a text that was spoken; where its
        client left or stopped it, those of the segments that were begun, as they are said; none
        where it was ours to finish."""
        if self.report is None or self.outcome in NOT_THE_CLIENTS:
            return 0
        if self.outcome in (Reason.COMPLETED, Reason.MAX_TOKENS):
            return self.characters
        begun = sum(len(segment.text) for segment in self.report.segments)
        return min(self.characters, begun)

    @property
    def sent_s(self) -> float:
        """Seconds of audio that were passed on."""
        return self.samples / self._service.synthesizer.sample_rate

    def _note_stream(self, report: SpeechReport) -> None:
        self._service.metrics.note_stream(report, self.queue_s, self.sent_s)

    def _judge(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """The outermost exit: slot and engine are free. True: the error is not passed on."""
        self._scope = None
        if not self._heard_out:
            self._stop_listening()
        if self._cancelled and (error is None or isinstance(error, TimeoutError)):
            self.settle(Reason.CANCELLED)
            return True
        if error is None:
            self._settle_whole()
        elif isinstance(error, TTSError):
            self._service.note_error(error)
            self.settle(error.code)
        elif isinstance(error, Exception) and not isinstance(error, ClientGoneError):
            logger.exception("request failed in an unforeseen way", exc_info=error)
            failure = TTSError(
                f"the server failed ({type(error).__name__}); try again, and report it"
            )
            self.settle(failure.code)
            raise failure from error
        return False

    def _settle_whole(self) -> None:
        """Unless the caller had enough: whoever leaves the block early stops the speech."""
        if not self._heard_out:
            self.settle(Reason.CANCELLED)
        elif self.report is None:  # there was nothing to say
            self.settle(Reason.COMPLETED)
        else:
            self._service.metrics.real_time_factor.observe(self.report.real_time_factor or 0.0)
            self.settle(Reason.of(self.report))
