"""A speech of the toy family: three segments of twenty steps, each step a chunk."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import numpy as np

from tensorrt_tts.backends.base import Prompt, Sampling, TokenChunk
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.speech_task import Speech
from tensorrt_tts.stream_options import StreamOptions
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.backend_double import BackendDouble
from tests.support.toy_family import GLOBALS, STEP, OneByOne, ToyCodec, toy_synthesizer

TEXT = (
    "The first sentence is quite long enough to stand here alone. The second one is about as "
    "long as the first one was. And the third of them ends what there is to say."
)
SEGMENTS = 3
STEPS = 20
"""Of each segment."""
BAD = "Für den Fall, dass: nobody can read this sentence at all. Nor is there one behind it."
OPTIONS = StreamOptions(
    schedule=HopSchedule(hop=1), stall_s=10.0, sentence_pause_s=0.0, paragraph_pause_s=0.0
)
"""Every step is a chunk, and all audio is the model's."""
TIMEOUT_S = 60.0
"""What takes so long hangs, on whatever machine."""


class GatedBackend(OneByOne):
    """Holds each stream back after so many steps until the gate is opened."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self._before = GLOBALS + steps

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncIterator[TokenChunk]:
        count = 0
        async with contextlib.aclosing(super().stream(prompt, sampling, request_id)) as chunks:
            async for chunk in chunks:
                if count == self._before:
                    await self.gate.wait()
                count += len(chunk.ids)
                yield chunk


@contextlib.asynccontextmanager
async def toy(
    backend: BackendDouble | None = None,
    codec: ToyCodec | None = None,
    options: StreamOptions = OPTIONS,
) -> AsyncIterator[Synthesizer]:
    backend = backend or BackendDouble()
    backend.behaviour = replace(backend.behaviour, interval=1)
    synthesizer = toy_synthesizer(backend, options, codec)
    try:
        yield synthesizer
    finally:
        await synthesizer.close()


async def until(condition: Callable[[], object]) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < TIMEOUT_S
        await asyncio.sleep(0)


async def turns(count: int = 200) -> None:
    """Whatever can happen in the loop without anything from outside happens."""
    for _ in range(count):
        await asyncio.sleep(0)


async def heard(speech: Speech) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.int16), *[chunk.pcm async for chunk in speech]])


async def whole(text: str = TEXT, seed: int = 3) -> np.ndarray:
    async with toy() as synthesizer:
        pcm, report = await synthesizer.synthesize(SpeechRequest(text, seed=seed))
    assert len(pcm) == len(report.segments) * STEPS * STEP
    return pcm


async def feed(speech: Speech, text: str, size: int) -> None:
    for start in range(0, len(text), size):
        await speech.feed(text[start : start + size])
