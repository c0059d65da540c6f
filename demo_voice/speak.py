"""Text to speech with the shipped weights, as users of the toolkit get it: for evaluation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tensorrt_tts.backends.base import Finish
from tensorrt_tts.errors import NoAudioError
from tensorrt_tts.loading import open_synthesizer
from tensorrt_tts.speech import SpeechRequest

AT_ONCE = 16
"""Sentences that are spoken together where only the time of all counts."""


@dataclass(frozen=True)
class Settings:
    """How ids are sampled."""

    temperature: float = 0.6
    top_p: float = 0.9
    repetition_penalty: float = 1.0


@dataclass(frozen=True)
class Spoken:
    """One sentence."""

    audio: NDArray[np.float32]  # [samples], full scale 1
    rate: int
    finished: bool  # an end token came


def speak(
    weights: Path,
    texts: Sequence[str],
    seed: int,
    settings: Settings | None = None,
    at_once: int = 1,
    device: str = "cpu",
    voice: str | None = None,
) -> tuple[list[Spoken], Settings]:
    """Each text by the reference backend, and what it was sampled with.

    weights: folder with lm/ and codec/. settings: None for those saved there, which users get.
    voice: None for the first one there.
    """

    async def speak_all() -> tuple[list[Spoken], Settings]:
        synthesizer = open_synthesizer(
            str(weights / "lm"), codec=str(weights / "codec"), device=device, max_streams=at_once
        )
        saved = synthesizer.model.sampling
        used = settings or Settings(saved.temperature, saved.top_p, saved.repetition_penalty)
        places = asyncio.Semaphore(at_once)

        async def one(text: str) -> Spoken:
            async with places:
                try:
                    pcm, report = await synthesizer.synthesize(
                        SpeechRequest(text, voice, seed=seed, **asdict(used))
                    )
                except NoAudioError:
                    return Spoken(np.zeros(0, np.float32), synthesizer.sample_rate, True)
            finished = all(segment.finish is Finish.STOP for segment in report.segments)
            audio = pcm.astype(np.float32) / np.float32(32768)
            return Spoken(audio, synthesizer.sample_rate, finished)

        try:
            return list(await asyncio.gather(*(one(text) for text in texts))), used
        finally:
            await synthesizer.close()

    return asyncio.run(speak_all())
