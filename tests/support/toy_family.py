"""A second family that shares nothing with the first: a prefix of global ids that the codec needs,
then one id a step, and a causal codec of 16 kHz in frames of 20 ms. No weights; NumPy is enough.

`ToyCodec(future=2)` also looks two steps ahead and says that a stream need not wait for them, as a
codec does that reaches too far.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from tensorrt_tts.backends.base import Grammar, Prompt, Sampling, TokenChunk
from tensorrt_tts.codecs.base import Codec, CodecStream, Condition, Job, Step, Window
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.streams import WindowCodec
from tensorrt_tts.errors import TextError
from tensorrt_tts.families.base import FrameCounts, SamplingDefaults, Spec, Voice
from tensorrt_tts.families.budget import TokenBudget
from tensorrt_tts.speech_model import SpeechModel
from tensorrt_tts.stream_options import StreamOptions
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.backend_double import BackendDouble

RATE = 16_000
STEP = 320
"""Samples."""

STOP = 256
GLOBAL = range(300, 316)
SEMANTIC = range(400, 464)
GLOBALS = 4

PAST = 3
"""Steps before its own that a sample hears."""


@dataclass(frozen=True, slots=True)
class ToySpec(Spec):
    budget: TokenBudget = field(default_factory=partial(TokenBudget, RATE / STEP, 1))
    codec_id: str = "toy/codec"

    def load(self, folder: Path, vocabulary_size: int, codec_folder: Path) -> Toy:
        return Toy(self)


SPEC = ToySpec("toy", (Voice("ada", "en"), Voice("kai", "de")), segment_characters=60)


@dataclass(frozen=True, slots=True)
class Toy:
    """See `families.base.Family`. A character is an id, the last id of a prompt is the voice."""

    spec: ToySpec = SPEC

    @property
    def grammar(self) -> Grammar:
        return Grammar(prefix=(GLOBAL,) * GLOBALS, cycle=(SEMANTIC,), stops=(STOP,))

    def grammar_of(self, voice: Voice) -> Grammar:
        return self.grammar

    def prompt(self, text: str, voice: Voice) -> Prompt:
        if not text.isascii():
            raise TextError(f"text {text[:40]!r} has letters that this voice cannot read")
        return Prompt((*text.encode(), 257 + self.spec.voices.index(voice)))

    def parser(self, voice: Voice | None = None) -> ToyParser:
        return ToyParser()

    def keep(self, voice: Voice, text: str, ids: Sequence[int], most: int = 0) -> Voice:
        return voice

    def lasts(self, voice: Voice) -> bool:
        return False

    def with_voice(self, voice: Voice) -> Toy:
        return replace(self, spec=self.spec.with_voice(voice))


class ToyParser:
    """See `families.base.FrameParser`. What is in no position legal is stray."""

    tail = 0

    def __init__(self) -> None:
        self.counts = FrameCounts()
        self._globals: list[int] = []

    @property
    def condition(self) -> Condition | None:
        return tuple(self._globals) if len(self._globals) == GLOBALS else None

    def push(self, ids: Iterable[int]) -> list[Step]:
        steps: list[Step] = []
        for token in ids:
            if self.condition is None and token in GLOBAL:
                self._globals.append(token - GLOBAL.start)
            elif self.condition is not None and token in SEMANTIC:
                steps.append((token - SEMANTIC.start,))
                self.counts.accepted += 1
            else:
                self.counts.stray += 1
        return steps

    def finish(self) -> None:
        """A frame is one step: none is ever cut."""


class ToyCodec(WindowCodec):
    """See `codecs.base.Codec`. Each step bends a tone, whose pitch is the condition's and whose
    phase the seed's. future: steps after its own that a sample hears too."""

    max_batch = 8

    def __init__(self, future: int = 0) -> None:
        self.context = CodecContext(
            RATE,
            STEP,
            steps_per_frame=1,
            lookahead=future * STEP,
            lookbehind=PAST * STEP,
            default_lookahead=0,
        )
        self.batches: list[list[Window]] = []
        self._taps = np.cos(np.arange(1 + PAST + future))
        self._future = future

    def _open(self, schedule: HopSchedule, seed: int, condition: Condition | None) -> CodecStream:
        if condition is None:
            raise ValueError("the toy codec speaks in nobody's voice: no condition")
        return super()._open(schedule, seed, condition)

    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        windows = [job for job in jobs if isinstance(job, Window)]
        self.batches.append(windows)
        return [self._decode(window) for window in windows]

    def _decode(self, window: Window) -> np.ndarray:
        context, end = self.context, window.origin + len(window.steps)
        if not 0 <= window.start <= window.stop <= end * STEP:
            raise ValueError(f"samples {window.start} to {window.stop}, the steps end at {end}")
        if window.origin > context.first_step(window.start) and window.start < window.stop:
            raise ValueError(f"window begins at step {window.origin}")
        assert window.condition is not None
        codes = np.array([code for (code,) in window.steps], np.float64) / len(SEMANTIC)
        # Tap 0 is the furthest step ahead.
        bend = np.convolve(codes, self._taps)[self._future :][: len(codes)]
        at = np.arange(window.start, window.stop)
        pitch = 200 + 5 * np.dot(window.condition, np.arange(1, 1 + GLOBALS))
        tone = np.sin(2 * np.pi * pitch * at / RATE + window.seed % 97)
        samples: np.ndarray = 0.4 * np.tanh(bend[at // STEP - window.origin]) * tone
        return samples.astype(np.float32)


class OneByOne(BackendDouble):
    """Delivers every id by itself, so that a step may be a chunk."""

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncIterator[TokenChunk]:
        async with contextlib.aclosing(super().stream(prompt, sampling, request_id)) as chunks:
            async for chunk in chunks:
                for token in chunk.ids:
                    yield TokenChunk((token,))
                if chunk.finish is not None:
                    yield TokenChunk((), chunk.finish)


def toy_model() -> SpeechModel:
    return SpeechModel("toy", Toy(), SamplingDefaults(), Path("toy"), Path("toy"))


def toy_synthesizer(
    backend: BackendDouble | None = None,
    options: StreamOptions | None = None,
    codec: Codec | None = None,
) -> Synthesizer:
    """In a running event loop or out of one."""
    return Synthesizer(toy_model(), backend or OneByOne(), codec or ToyCodec(), options)
