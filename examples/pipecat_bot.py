"""A Pipecat pipeline that speaks through this server: Cartesia's service, with another address.

pip install "pipecat-ai[cartesia]"
python examples/pipecat_bot.py "Good morning!" --output speech.wav

A bot has its transport, speech to text and language model before the service; the rest stays.
"""

from __future__ import annotations

import argparse
import asyncio
import wave

from pipecat.frames.frames import EndFrame, Frame, TTSAudioRawFrame, TTSSpeakFrame, TTSTextFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.workers.runner import WorkerRunner

RATE = 24_000


class Recorder(FrameProcessor):
    """In place of the transport that plays it."""

    def __init__(self, file: wave.Wave_write) -> None:
        super().__init__()
        self._file = file

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            self._file.writeframes(frame.audio)
        if isinstance(frame, TTSTextFrame):
            print(frame.text)  # each word when it is heard
        await self.push_frame(frame, direction)


async def bot(text: str, url: str, voice: str | None, file: wave.Wave_write) -> None:
    settings = CartesiaTTSService.Settings(voice=voice)
    tts = CartesiaTTSService(api_key="none", url=url, settings=settings)
    params = PipelineParams(audio_out_sample_rate=RATE)
    worker = PipelineWorker(Pipeline([tts, Recorder(file)]), params=params, enable_rtvi=False)
    await worker.queue_frames([TTSSpeakFrame(text), EndFrame()])
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


def main() -> None:
    parser = argparse.ArgumentParser(description="Speak a text through a Pipecat pipeline.")
    parser.add_argument("text")
    parser.add_argument("--url", default="ws://127.0.0.1:8000/tts/websocket")
    parser.add_argument("--voice", help="one of the model's")
    parser.add_argument("--output", default="speech.wav")
    asked = parser.parse_args()
    with wave.open(asked.output, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        asyncio.run(bot(asked.text, asked.url, asked.voice, file))


if __name__ == "__main__":
    main()
