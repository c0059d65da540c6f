"""What all protocols share: who may speak, and what becomes of it. No sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorrt_tts.errors import (
    BackendError,
    CapacityError,
    DrainingError,
    EngineDiedError,
    NoAudioError,
    RateLimitError,
    SettingError,
    TTSError,
)
from tensorrt_tts.prepared import check_request
from tensorrt_tts.server.accounts import Credits, open_accountant
from tensorrt_tts.server.context import Context
from tensorrt_tts.server.deadlines import ENGINE_CLOSE_S, WATCH_S, cancel, close_engine
from tensorrt_tts.server.fed_context import FedContext
from tensorrt_tts.server.health import Health
from tensorrt_tts.server.key_limits import LocalUsage
from tensorrt_tts.server.measured_slots import measured_slots
from tensorrt_tts.server.metrics import ServerMetrics
from tensorrt_tts.server.redis_usage import RedisUsage
from tensorrt_tts.server.request_log import RequestLog, RequestRow
from tensorrt_tts.server.slots import Slots
from tensorrt_tts.server.stop_signals import stop_signals
from tensorrt_tts.speech import SpeechRequest

if TYPE_CHECKING:
    from tensorrt_tts.server.context import Caller
    from tensorrt_tts.server.key_limits import KeyUsage
    from tensorrt_tts.server.settings import ServerSettings
    from tensorrt_tts.synthesizer import Synthesizer

logger = logging.getLogger(__name__)


def _key_usage(settings: ServerSettings) -> KeyUsage:
    if settings.redis_url is None:
        return LocalUsage()
    return RedisUsage(settings.redis_url.get_secret_value())


class Service:
    """A loaded synthesizer, its slots, its health and its callers. Raises as
    `open_accountant`, `open_database` and `open_redis`.

    A protocol is an adapter: it admits a `Caller` for as long as a connection lasts, and for each
    request passes on what `speak` gives.
    """

    def __init__(self, settings: ServerSettings, synthesizer: Synthesizer) -> None:
        self.settings = settings
        self.synthesizer = synthesizer
        self.slots = Slots(settings.slots or 1, settings.max_queued)
        self.key_usage = _key_usage(settings)
        self.metrics = ServerMetrics(
            self.slots, synthesizer.backend, lambda: synthesizer.scheduler.stats
        )
        accountant = open_accountant(settings.accountant) if settings.accountant else None
        self.credits = Credits(accountant, self.metrics.accountant_failures.inc)
        self.request_log = self._opened_log()
        self.health = Health()
        self.callers: set[Caller] = set()
        self._signals: list[int] = []
        self._drain_ends = 0.0

    @property
    def model_name(self) -> str:
        """Not where it lies on this machine."""
        return Path(self.synthesizer.model.name).name

    # For protocols

    def refuse_if_full(self) -> None:
        """Raises DrainingError, EngineDiedError or CapacityError when `admit` would."""
        self.refuse_if_closing()
        if len(self.callers) >= self.settings.max_sockets:
            raise CapacityError(
                f"{len(self.callers)} sockets are open, the most this server holds; "
                "try again in 1 s",
                retry_after=1,
            )

    @contextlib.contextmanager
    def admit(self, caller: Caller) -> Iterator[None]:
        """For as long as its connection lasts. Raises as `refuse_if_full`."""
        self.refuse_if_full()
        self.callers.add(caller)
        self.metrics.sockets.inc()
        try:
            yield
        finally:
            self.callers.discard(caller)
            self.metrics.sockets.dec()

    def speak(self, request: SpeechRequest, caller: Caller) -> Context:
        """Accept a request, which counts as arrived now. Nothing is read or generated before it is
        entered; one that never is has to be settled.

        Raises DrainingError, EngineDiedError, or RateLimitError for one more than `max_pending`.
        """
        self._refuse_if_pending(caller)
        return Context(self, request, caller)

    def speak_fed(
        self, request: SpeechRequest, caller: Caller, text_timeout_s: float | None = None
    ) -> FedContext:
        """As `speak`, for a text that is still coming; the request's own is not looked at.
        text_timeout_s: shorter than the setting's, or None.

        Raises as `speak`, and UnknownVoiceError or SettingError at once.
        """
        self._refuse_if_pending(caller)
        check_request(request, self.synthesizer.model.spec)
        return FedContext(self, request, caller, text_timeout_s)

    def _refuse_if_pending(self, caller: Caller) -> None:
        self.refuse_if_closing()
        if len(caller.contexts) >= self.settings.max_pending:
            raise RateLimitError(
                f"{len(caller.contexts)} requests of this socket are not answered yet, the most it "
                "may have; wait for one to be done",
                retry_after=1,
            )

    def note_refusal(self, error: TTSError) -> None:
        """Of what never became a context."""
        self.metrics.requests.labels(error.code).inc()

    def note_error(self, error: TTSError) -> None:
        """Learn from what ended a stream."""
        before = self.health.fault
        self.health.note_error(error)
        if self.health.fault is not before:
            logger.error("stopping: %s", self.health.fault)

    async def cancel(self, *tasks: asyncio.Task[Any]) -> None:
        """Returns when they have ended. Where the engine does not let go of a stream, its slot
        stays taken, which is the truth, and the process will be replaced."""
        try:
            await cancel(tasks, self.settings.abort_timeout_s)
        except EngineDiedError as error:
            self.note_error(error)

    def note_settled(self, context: Context) -> None:
        """Of every request that became a context, once."""
        self.credits.charge(
            context.reservation, context.identity, context.payable, str(context.outcome)
        )
        if self.request_log is not None:
            self.request_log.put(RequestRow.of(context, self.settings.request_log_text))

    def refuse_if_closing(self) -> None:
        """Raises what new work is to be told: the fault, or that the server is stopping."""
        if self.health.fault is not None:
            raise EngineDiedError(str(self.health.fault))
        if self.health.draining:
            error = DrainingError("the server is shutting down; try another one, or again in 5 s")
            error.retry_after = 5
            raise error

    # From start to end

    @contextlib.asynccontextmanager
    async def run(self, leave: Callable[[int], None] | None = None) -> AsyncIterator[None]:
        """The app's lifespan, under any server. Entering warms up; accept nothing before. Inside,
        the engine is watched, and its fault or the first SIGTERM or SIGINT begins a drain. Leaving
        closes the request log and the synthesizer, the latter also where the start failed.

        leave: ends the server, told the signal's number; called when the drain is over, or by a
        second signal. None: the signal goes to whoever handled it before this was entered.

        Raises SettingError for more slots than the engine holds, BackendError for a model that is
        silent, and what the synthesizer raises.
        """
        try:
            await self._start()
            if self.request_log is not None:
                self.request_log.start()
            with stop_signals(self.stop) as pass_on:
                watch = asyncio.create_task(self._watch(leave or pass_on), name="watch")
                try:
                    yield
                finally:
                    watch.cancel()
                    self.drain()
                    await asyncio.to_thread(self.credits.close)
                    if self.request_log is not None:
                        await asyncio.to_thread(self.request_log.close)
                    await self.key_usage.close()
        finally:
            gc.unfreeze()
            limit = ENGINE_CLOSE_S + self.settings.abort_timeout_s
            await close_engine(self.synthesizer.close(), limit)

    def stop(self, number: int) -> None:
        """A signal came: the first one drains, the next one ends it now. Only noted here: it may
        be called between any two bytecodes, and from any thread."""
        self._signals.append(number)

    def drain(self) -> None:
        """Take no more work; callers leave when they have been answered. May be called again."""
        if self.health.draining:
            return
        logger.info("draining: %d sockets open", len(self.callers))
        self.health.draining = True
        self.metrics.draining.set(1)
        self._drain_ends = time.monotonic() + self.settings.drain_timeout_s
        for caller in list(self.callers):
            caller.on_drain()

    @property
    def drained(self) -> bool:
        """Nothing is left to wait for, or no more time to wait."""
        over = time.monotonic() >= self._drain_ends
        return self.health.draining and (not self.callers or over)

    @property
    def exit_code(self) -> int:
        """0 after a drain, 128 + signal when stopped by a second one (as shells count), the fault's
        own when the engine died."""
        if len(self._signals) > 1:
            return 128 + self._signals[-1]
        return self.health.fault.exit_code if self.health.fault is not None else 0

    def _opened_log(self) -> RequestLog | None:
        url, dropped = self.settings.request_log, self.metrics.dropped_rows
        return None if url is None else RequestLog(url.get_secret_value(), dropped.inc)

    async def _watch(self, leave: Callable[[int], None]) -> None:
        while not self.drained and len(self._signals) < 2:
            self._look_at_engine()
            if self._signals or self.health.fault is not None:
                self.drain()
            await asyncio.sleep(WATCH_S)
        self.drain()  # two signals may come between two looks
        leave(self._signals[-1] if self._signals else signal.SIGTERM)

    def _look_at_engine(self) -> None:
        """An engine that dies while nobody speaks should be known before the next caller is."""
        if self.health.fault is not None:
            return
        try:
            fault = self.synthesizer.backend.stats().fault
        except Exception as error:
            logger.exception("the engine's state cannot be read")
            fault = f"its state cannot be read ({type(error).__name__})"
        if fault is not None:
            self.note_error(EngineDiedError(f"the engine died: {fault}"))

    async def _start(self) -> None:
        self._check_capacity()
        await self._warm_up()
        await self._settle_voices()
        self.slots.size = await measured_slots(self.settings, self.synthesizer)
        # Everything that is alive now stays anyway: out of the garbage collector's sight. A full
        # collection looks through every object of torch and transformers, which stopped all
        # streams for a quarter of a second, once, some seconds after the start.
        gc.collect()
        gc.freeze()

    def _check_capacity(self) -> None:
        most, backend = self.synthesizer.backend.capacity.max_streams, self.synthesizer.backend.name
        if self.settings.slots is not None and self.settings.slots > most:
            raise SettingError(
                f"slots {self.settings.slots} is more than the {most} streams that backend "
                f"{backend!r} can hold; set --slots {most} or build a larger engine"
            )

    async def _settle_voices(self) -> None:
        if self.settings.settle_voices:
            names = await self.synthesizer.settle_voices(self.settings.warmup_text)
            if names:
                logger.info("speakers kept: %s", ", ".join(names))

    async def _warm_up(self) -> None:
        """Speak one utterance to nobody: the first caller must not pay for lazy compilation."""
        text = self.settings.warmup_text
        try:
            _, report = await self.synthesizer.synthesize(SpeechRequest(text))
        except NoAudioError as error:
            raise BackendError(
                f"the warm-up text {text!r} gave no audio; check that model and codec "
                "belong together, or set another --warmup-text"
            ) from error
        logger.info("warm: %.2f s of audio in %.2f s", report.audio_s, report.total_s)
