"""The shipped voice through the toolkit's own streaming path, for the evaluation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from demo_voice.speak import Settings, Spoken
from tensorrt_tts.backends.base import Finish
from tensorrt_tts.loading import open_synthesizer
from tensorrt_tts.speech import SpeechRequest


def speak_streamed(weights: Path, texts: Sequence[str], seed: int) -> tuple[list[Spoken], Settings]:
    """Each text streamed by the `Synthesizer` with the reference backend, one after another, and
    the settings that it sampled with: those a user of these weights gets.

    weights: folder with lm/ and codec/.
    """

    async def speak() -> tuple[list[Spoken], Settings]:
        synthesizer = open_synthesizer(str(weights / "lm"), codec=str(weights / "codec"))
        try:
            spoken = []
            for text in texts:
                pcm, report = await synthesizer.synthesize(SpeechRequest(text, seed=seed))
                finished = all(segment.finish is Finish.STOP for segment in report.segments)
                audio = pcm.astype(np.float32) / np.float32(32768)
                spoken.append(Spoken(audio, synthesizer.sample_rate, finished))
            used = synthesizer.model.sampling
            return spoken, Settings(used.temperature, used.top_p, used.repetition_penalty)
        finally:
            await synthesizer.close()

    return asyncio.run(speak())
