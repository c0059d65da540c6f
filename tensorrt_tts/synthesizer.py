"""`Synthesizer`, the one public entry: text in, audio chunks out while they are being generated."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from tensorrt_tts.backends.base import Backend
from tensorrt_tts.codecs.base import Codec
from tensorrt_tts.codecs.lookahead import LookaheadStreamingDecoder
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.errors import EngineDiedError, InputError, SettingError
from tensorrt_tts.families.orpheus.frames import FrameParser
from tensorrt_tts.families.orpheus.spec import Voice
from tensorrt_tts.loading import SpeechModel, open_synthesizer
from tensorrt_tts.loop_thread import run_blocking
from tensorrt_tts.speech import SpeechReport, SpeechRequest
from tensorrt_tts.speech_plan import SpeechPlan, plan_speech
from tensorrt_tts.speech_stream import Production, SpeechStream
from tensorrt_tts.text.normalize import MAX_CHARACTERS


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """schedule: when the codec runs. Three steps (58 ms) as the first chunk: see `HopSchedule`.
    stateful: keep convolution state per stream instead of decoding windows (CPU; not batched).
    ahead_s: seconds of audio nobody has taken yet beyond which the next segment of the text is not
    begun. stall_s: seconds without a token, or without an answer of the codec, after which a stream
    fails with StalledError. stop_s: seconds after which an engine that does not stop a stream is
    given up with EngineDiedError.
    """

    schedule: HopSchedule = field(default_factory=lambda: HopSchedule(first_hop=3))
    stateful: bool = False
    ahead_s: float = 20.0
    stall_s: float = 30.0
    stop_s: float = 5.0
    max_characters: int = MAX_CHARACTERS

    def __post_init__(self) -> None:
        if self.stateful and self.schedule.lookahead is not None:
            raise SettingError(
                f"lookahead {self.schedule.lookahead} cannot be combined with stateful, which "
                "always waits for exact samples; leave one out"
            )


class Synthesizer:
    """One loaded model, its backend and its codec, serving many streams at once.

    The codec runs on one thread of its own: it has one owner, and the event loop stays free. Texts
    are read on another.
    """

    def __init__(
        self,
        model: SpeechModel,
        backend: Backend,
        codec: Codec,
        options: StreamOptions | None = None,
    ) -> None:
        self.model = model
        self.backend = backend
        self.codec = codec
        self.options = options or StreamOptions()
        self.sample_rate = codec.context.sample_rate
        self.codec_thread = ThreadPoolExecutor(1, thread_name_prefix="codec")
        self._text_thread = ThreadPoolExecutor(1, thread_name_prefix="text")
        self._names = itertools.count()
        self._running: set[Production] = set()
        self._closing = False
        self.closed = False

    @property
    def voices(self) -> tuple[Voice, ...]:
        return self.model.spec.voices

    def stream(self, request: SpeechRequest, request_id: str | None = None) -> SpeechStream:
        """Begin to speak. Must be called in a running event loop, else InputError.

        Raises TextError, UnknownVoiceError or SettingError at once, before anything is generated,
        and EngineDiedError after `close`.
        """
        return self.begin(self._plan(request), request_id)

    async def plan(self, request: SpeechRequest) -> SpeechPlan:
        """Check a request and read its text (normalising, phonemes, ids), for `begin`.

        On a thread: 5 ms for 500 characters of prose, but seconds for what no dictionary knows,
        and the event loop is shared with other streams. Raises as `stream`.
        """
        self._refuse_if_closed()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._text_thread, self._plan, request)

    async def open(self, request: SpeechRequest, request_id: str | None = None) -> SpeechStream:
        """As `stream`, but no other stream waits while the text is read. Raises as `stream`."""
        began = time.perf_counter()
        return self.begin(await self.plan(request), request_id, began)

    def begin(
        self, plan: SpeechPlan, request_id: str | None = None, began: float | None = None
    ) -> SpeechStream:
        """Begin to speak what was planned. began: `time.perf_counter()` from which the report's
        times count, by default now. Must be called in a running event loop, else InputError."""
        self._refuse_if_closed()
        _need_a_loop()
        name = request_id or f"speech-{next(self._names)}"
        production = Production(self, plan, name, began)
        self._running.add(production)
        production.task.add_done_callback(lambda _: self._running.discard(production))
        return SpeechStream(production)

    async def synthesize(self, request: SpeechRequest) -> tuple[np.ndarray, SpeechReport]:
        """All audio at once: int16 (samples,), and the report."""
        async with self.stream(request) as stream:
            parts = [chunk.pcm async for chunk in stream]
        return np.concatenate([np.zeros(0, np.int16), *parts]), stream.report

    async def generate_tokens(self, request: SpeechRequest) -> list[int]:
        """The audio token ids of the text's first segment, undecoded: for inspecting decoders."""
        return await self._generate(self._plan(request), 0)

    async def generate_segments(self, request: SpeechRequest) -> list[tuple[list[int], int]]:
        """The audio token ids of every segment, undecoded, each with its codec seed: for decoding
        when the language model is no longer loaded."""
        plan = self._plan(request)
        return [
            (await self._generate(plan, index), plan.seed + index)
            for index in range(len(plan.segments))
        ]

    async def _generate(self, plan: SpeechPlan, index: int) -> list[int]:
        name = f"tokens-{next(self._names)}"
        async with contextlib.aclosing(
            self.backend.stream(plan.prompts[index], plan.sampling[index], name)
        ) as chunks:
            return [token async for chunk in chunks for token in chunk.ids]

    def decoder(self, parser: FrameParser, seed: int) -> LookaheadStreamingDecoder:
        """A fresh decoder for one segment."""
        stateful = self.codec.open_stream(seed) if self.options.stateful else None
        return LookaheadStreamingDecoder(self.codec, parser, self.options.schedule, seed, stateful)

    async def close(self) -> None:
        """Ends what is running, its listeners with EngineDiedError, and frees the backend. May be
        called twice. `closed` is true when nothing is left: neither a stream that would not stop
        nor a codec that does not come back, for which this waits."""
        self._closing = True
        reason = EngineDiedError("the synthesizer was closed while it spoke; open a new one")
        stopped = await asyncio.gather(
            *(production.stop(reason) for production in list(self._running)),
            return_exceptions=True,
        )
        await self.backend.close()
        for executor in (self.codec_thread, self._text_thread):
            await asyncio.to_thread(executor.shutdown)
        self.closed = not any(stopped)

    def _refuse_if_closed(self) -> None:
        if self._closing:
            raise EngineDiedError("the synthesizer is closed; open a new one")

    def _plan(self, request: SpeechRequest) -> SpeechPlan:
        limit, room = self.options.max_characters, self.backend.capacity.max_sequence
        return plan_speech(request, self.model, limit, room)


def _need_a_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError as error:
        raise InputError(
            "no event loop is running here, and a stream needs one: use `async with` and "
            "`async for` in an async function, or call tensorrt_tts.synthesizer.synthesize"
        ) from error


def synthesize(
    text: str, voice: str | None = None, model: str = "demo", seed: int | None = None
) -> tuple[np.ndarray, int]:
    """Speak a text with the reference backend and wait for all of it: int16 (samples,), Hz.

    Loads the model each time; keep a `Synthesizer` to speak more than once. Works in a notebook too
    and wherever a loop is running, which stands still meanwhile; a program with an event loop of
    its own awaits `Synthesizer.synthesize` instead.
    """
    # Outside any event loop, whose first Ctrl-C would only be noted until loading is over.
    synthesizer = open_synthesizer(model)

    async def speak() -> tuple[np.ndarray, int]:
        try:
            pcm, _ = await synthesizer.synthesize(SpeechRequest(text, voice, seed=seed))
            return pcm, synthesizer.sample_rate
        finally:
            await synthesizer.close()

    return run_blocking(speak())
