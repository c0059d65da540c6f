"""A Pipecat pipeline around one of its speech services, driven as a bot drives it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

TIMEOUT_S = 60.0


class _Ear(FrameProcessor):
    """Before the service it hears what goes up, behind it what goes down."""

    def __init__(self, bot: PipecatBot) -> None:
        super().__init__(enable_direct_mode=True)
        self._bot = bot

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        async with self._bot.news:
            self._bot.frames.append(frame)
            self._bot.news.notify_all()
        await self.push_frame(frame, direction)


class PipecatBot:
    def __init__(self, service: Any) -> None:
        """service: one of Pipecat's for text to speech."""
        self.frames: list[Frame] = []
        self.news = asyncio.Condition()
        self.worker = PipelineWorker(
            Pipeline([_Ear(self), service, _Ear(self)]),
            params=PipelineParams(audio_out_sample_rate=24_000),
            cancel_on_idle_timeout=False,
            enable_rtvi=False,
        )

    @property
    def audio(self) -> bytes:
        frames = self.frames
        return b"".join(frame.audio for frame in frames if isinstance(frame, TTSAudioRawFrame))

    async def say(self, *pieces: str, begin: bool = True, end: bool = True) -> None:
        """As a language model writes them. begin, end: the first ones of an answer, and the last
        ones."""
        frames: list[Frame] = [LLMFullResponseStartFrame()] if begin else []
        frames += [LLMTextFrame(piece) for piece in pieces]
        frames += [LLMFullResponseEndFrame()] if end else []
        await self.worker.queue_frames(frames)

    async def interrupt(self) -> None:
        await self.worker.queue_frame(InterruptionFrame())

    async def until(self, kind: type[Frame]) -> Frame:
        """The first of that kind."""
        async with asyncio.timeout(TIMEOUT_S), self.news:
            while not (found := [frame for frame in self.frames if isinstance(frame, kind)]):
                await self.news.wait()
        return found[0]

    async def until_audio(self) -> None:
        await self.until(TTSAudioRawFrame)

    async def until_stopped(self) -> None:
        await self.until(TTSStoppedFrame)

    async def until_error(self) -> str:
        frame = await self.until(ErrorFrame)
        assert isinstance(frame, ErrorFrame)
        return frame.error


@asynccontextmanager
async def pipecat_bot(service: Any) -> AsyncIterator[PipecatBot]:
    """service: one of Pipecat's for text to speech."""
    bot = PipecatBot(service)
    worker = bot.worker
    started = asyncio.Event()

    @worker.event_handler("on_pipeline_started")
    async def on_started(worker: PipelineWorker, frame: Frame) -> None:
        started.set()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await started.wait()
        yield bot
    finally:
        await worker.queue_frame(EndFrame())
        async with asyncio.timeout(TIMEOUT_S):
            await running
