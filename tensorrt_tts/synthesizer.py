"""`Synthesizer`, the one public entry: text in, audio chunks out while they are being generated."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from types import TracebackType

import numpy as np

from tensorrt_tts.audio.pcm import level_to_amplitude
from tensorrt_tts.backends.protocol import Backend, Finish, Sampling, TokenChunk
from tensorrt_tts.codecs.context import Codec
from tensorrt_tts.errors import (
    BackendError,
    NoAudioError,
    SettingError,
    StalledError,
    TextError,
)
from tensorrt_tts.loading import SpeechModel, open_synthesizer
from tensorrt_tts.models.frames import FrameParser
from tensorrt_tts.models.orpheus import TextForm, Voice
from tensorrt_tts.models.prompt import build_prompt
from tensorrt_tts.speech import AudioChunk, SegmentReport, SpeechReport, SpeechRequest
from tensorrt_tts.streaming.decoder import LookaheadStreamingDecoder
from tensorrt_tts.streaming.schedule import HopSchedule
from tensorrt_tts.text.normalize import MAX_CHARACTERS, normalize
from tensorrt_tts.text.segment import segment

AUDIBLE = level_to_amplitude(-40.0)
"""Speech level against the pause before it: −40 dBFS is some 20 dB below soft speech."""


READ_AT_ONCE = 500
"""Characters. Reading a text (normalising, phonemes, ids) takes 5 ms for so many, and ten times
that for the longest allowed: too long to hold up the event loop that other streams share."""


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """schedule: when the codec runs. Three steps (58 ms) as the first chunk: see `HopSchedule`.
    stateful: keep convolution state per stream instead of decoding windows (CPU; not batched).
    ahead_s: seconds of audio nobody has taken yet beyond which the next segment of the text is not
    begun. stall_s: seconds without a token after which a stream fails with StalledError.
    """

    schedule: HopSchedule = field(default_factory=lambda: HopSchedule(first_hop=3))
    stateful: bool = False
    ahead_s: float = 20.0
    stall_s: float = 30.0
    max_characters: int = MAX_CHARACTERS


@dataclass(frozen=True, slots=True)
class _Plan:
    """A checked request: everything that can be refused has been."""

    segments: list[str]
    prompts: list[list[int]]
    sampling: list[Sampling]
    seed: int


class Synthesizer:
    """One loaded model, its backend and its codec, serving many streams at once.

    The codec runs on one thread of its own: it has one owner, and the event loop stays free.
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

    @property
    def voices(self) -> tuple[Voice, ...]:
        return self.model.spec.voices

    def stream(self, request: SpeechRequest, request_id: str | None = None) -> SpeechStream:
        """Begin to speak. Must be called in a running event loop.

        Raises TextError, UnknownVoiceError or SettingError at once, before anything is generated.
        """
        return self._begin(self._plan(request), request_id)

    async def open(self, request: SpeechRequest, request_id: str | None = None) -> SpeechStream:
        """As `stream`, but a long text is read on a thread, so that no other stream waits for it.

        Raises as `stream`.
        """
        if len(request.text) <= READ_AT_ONCE:
            return self.stream(request, request_id)
        began = time.perf_counter()
        loop = asyncio.get_running_loop()
        plan = await loop.run_in_executor(self._text_thread, self._plan, request)
        return self._begin(plan, request_id, began)

    def _begin(
        self, plan: _Plan, request_id: str | None, began: float | None = None
    ) -> SpeechStream:
        name = request_id or f"speech-{next(self._names)}"
        return SpeechStream(self, plan, name, began)

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

    async def _generate(self, plan: _Plan, index: int) -> list[int]:
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
        """Ends what is running and frees the backend. May be called twice."""
        await self.backend.close()
        self.codec_thread.shutdown(wait=True)
        self._text_thread.shutdown(wait=True)

    def _plan(self, request: SpeechRequest) -> _Plan:
        spec, model = self.model.spec, self.model
        text = normalize(request.text, self.options.max_characters)
        voice = spec.voice(request.voice)
        segments = segment(text, spec.segment_characters)
        seed = secrets.randbits(32) if request.seed is None else request.seed
        base = self._sampling(request)
        prompts, sampling = [], []
        for index, part in enumerate(segments):
            read = self._read(part)
            prompts.append(
                build_prompt(
                    spec,
                    model.tokens,
                    read,
                    voice,
                    model.tokenizer.encode,
                    model.tokenizer.token_id,
                )
            )
            budget = request.max_tokens or spec.budget.tokens(part)
            room = self.backend.capacity.max_sequence - len(prompts[-1])
            # Without a seed the backend draws its own: vLLM samples seeded streams one by one.
            chosen = None if request.seed is None else seed + index
            sampling.append(replace(base, seed=chosen, max_tokens=min(budget, max(1, room))))
        return _Plan(segments, prompts, sampling, seed)

    def _read(self, part: str) -> str:
        """A segment in the form the model reads."""
        if self.model.spec.text_form is not TextForm.PHONEMES:
            return part
        from tensorrt_tts.text.phonemes import phonemize

        phonemes = phonemize(part)
        if not phonemes:
            raise TextError(
                f"text {part[:40]!r} has no English word in it and voice model {self.model.name!r} "
                "speaks English only; use another --model"
            )
        return phonemes

    def _sampling(self, request: SpeechRequest) -> Sampling:
        chosen = {}
        for name in ("temperature", "top_p", "top_k", "repetition_penalty"):
            value = getattr(request, name)
            chosen[name] = getattr(self.model.sampling, name) if value is None else value
        _check("temperature", chosen["temperature"], 0.0, 2.0)
        _check("top_p", chosen["top_p"], 0.01, 1.0)
        _check("top_k", chosen["top_k"], 0, 1_000_000)
        _check("repetition_penalty", chosen["repetition_penalty"], 0.5, 3.0)
        if request.max_tokens is not None:
            _check("max_tokens", request.max_tokens, 1, 1_000_000)
        if request.seed is not None:
            _check("seed", request.seed, 0, 2**53)
        tokens = self.model.tokens
        return Sampling(max_tokens=1, stop_ids=tokens.stop_ids, legal=tokens.legal(), **chosen)


def _check(field: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SettingError(f"{field} {value} is out of range; use {low} to {high}")


class SpeechStream:
    """Async iterator of `AudioChunk`s, and an async context manager.

    `report` fills while it runs. Ending the iteration early, `aclose()` or cancelling the task that
    iterates ends the generation and frees its place in the backend; nothing goes on for nobody.
    """

    def __init__(
        self, synthesizer: Synthesizer, plan: _Plan, name: str, began: float | None = None
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
        self._over = False
        self._task = asyncio.create_task(self._produce(), name=name)

    def __aiter__(self) -> SpeechStream:
        return self

    async def __anext__(self) -> AudioChunk:
        if self._over:
            raise StopAsyncIteration
        try:
            item = await self._ready.get()
        except asyncio.CancelledError:
            await self.aclose()
            raise
        if isinstance(item, AudioChunk):
            self._untaken -= len(item.pcm)
            self._taken.set()
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
        """Stop generating and wait until it has stopped. May be called any number of times."""
        self._over = True
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _produce(self) -> None:
        try:
            for index in range(len(self._plan.segments)):
                await self._wait_for_room()
                await self._speak(index)
            if not self.report.samples and self.report.segments[-1].finish is not Finish.ABORT:
                raise NoAudioError(
                    "the model ended without any audio; say it differently or try again"
                )
        except Exception as error:
            self._ready.put_nowait(error)
        else:
            self._ready.put_nowait(None)

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
        segment = SegmentReport(plan.segments[index], len(prompt), counts=parser.counts)
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
        if segment.finish is not Finish.ABORT:
            await self._emit(index, decoder.flush)

    async def _next(self, chunks: AsyncGenerator[TokenChunk, None]) -> TokenChunk:
        limit = self._synthesizer.options.stall_s
        try:
            async with asyncio.timeout(limit):
                return await anext(chunks)
        except TimeoutError as error:
            raise StalledError(
                f"no token from backend {self._synthesizer.backend.name!r} for {limit:g} s; "
                "the request was dropped, try again"
            ) from error
        except StopAsyncIteration as error:
            raise BackendError(
                f"backend {self._synthesizer.backend.name!r} ended a stream without saying why"
            ) from error

    async def _emit(self, index: int, decode: Callable[[], np.ndarray]) -> None:
        """Run the codec on its thread and queue what it gave, if anything."""
        began = time.perf_counter()
        loop = asyncio.get_running_loop()
        pcm = await loop.run_in_executor(self._synthesizer.codec_thread, decode)
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


def synthesize(
    text: str, voice: str | None = None, model: str = "demo", seed: int | None = None
) -> tuple[np.ndarray, int]:
    """Speak a text with the reference backend and wait for all of it: int16 (samples,), Hz.

    Loads the model each time; keep a `Synthesizer` to speak more than once.
    """

    async def speak() -> tuple[np.ndarray, int]:
        synthesizer = open_synthesizer(model)
        try:
            pcm, _ = await synthesizer.synthesize(SpeechRequest(text, voice, seed=seed))
            return pcm, synthesizer.sample_rate
        finally:
            await synthesizer.close()

    return asyncio.run(speak())
