"""A loaded synthesizer as a service: a text in, a WAV or PCM chunks out, and how fast it was."""

from __future__ import annotations

import io
import statistics
import wave
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from tensorrt_tts.errors import SettingError
from tensorrt_tts.speech import SpeechReport, SpeechRequest
from tensorrt_tts.synthesizer import Synthesizer

BENCHMARK_TEXTS = (
    "Good morning! Your order is on its way.",
    "The train to Lyon leaves at nine from platform four, so we still have time for a coffee.",
    "When the rain stopped, they opened the windows, and for a while nobody said a word: the whole "
    "house smelled of wet leaves and warm bread.",
)
"""Short, medium, long: 39 to 137 characters."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One request, in seconds from its start; None where nothing came. speed: audio over time,
    above 1 is faster than real time. tokens_per_s: over the whole request, codec included."""

    characters: int
    audio_s: float
    tokens: int
    first_token_s: float | None
    first_audio_s: float | None
    total_s: float
    tokens_per_s: float
    speed: float

    @classmethod
    def of(cls, text: str, report: SpeechReport) -> Timing:
        total = report.total_s
        return cls(
            len(text),
            report.audio_s,
            report.tokens,
            report.first_token_s,
            report.first_audio_s,
            total,
            report.tokens / total if total else 0.0,
            report.audio_s / total if total else 0.0,
        )


@dataclass(frozen=True, slots=True)
class Spoken:
    """wav: a whole WAV file, int16 mono. phases: seconds by name, where each model was
    loaded in turn."""

    wav: bytes
    timing: Timing
    phases: dict[str, float] = field(default_factory=dict)

    def as_tuple(self) -> tuple[bytes, dict[str, Any]]:
        """Plain types, for a caller that has not this package."""
        return self.wav, asdict(self.timing) | {"phases": self.phases}


class Speaker:
    """One synthesizer, for one caller after another or many at once."""

    def __init__(self, synthesizer: Synthesizer) -> None:
        self.synthesizer = synthesizer

    async def speak(self, text: str, voice: str | None = None, seed: int | None = None) -> Spoken:
        """All of it. Raises what `Synthesizer.stream` raises."""
        pcm, report = await self.synthesizer.synthesize(SpeechRequest(text, voice, seed=seed))
        return Spoken(wav_bytes(pcm, self.synthesizer.sample_rate), Timing.of(text, report))

    async def stream(
        self, text: str, voice: str | None = None, seed: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Little-endian int16 PCM, chunk by chunk, as it becomes final."""
        async with self.synthesizer.stream(SpeechRequest(text, voice, seed=seed)) as chunks:
            async for chunk in chunks:
                yield chunk.pcm.astype("<i2").tobytes()

    async def benchmark(
        self, runs: int = 5, texts: Sequence[str] = BENCHMARK_TEXTS, voice: str | None = None
    ) -> list[Timing]:
        """Each text `runs` times after one unheard warm-up. Unseeded, as production is: one seeded
        request takes vLLM's whole batch off its fast sampler."""
        if runs < 1:
            raise SettingError(f"runs {runs} must be at least 1")
        await self.speak(texts[0], voice)
        return [(await self.speak(text, voice)).timing for text in texts for _ in range(runs)]

    async def benchmark_report(self, runs: int = 5) -> str:
        """`benchmark` as a table."""
        return benchmark_table(await self.benchmark(runs))

    async def close(self) -> None:
        await self.synthesizer.close()


def wav_bytes(pcm: np.ndarray, sample_rate: int) -> bytes:
    """pcm: int16 (samples,)."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(pcm.astype("<i2").tobytes())
    return buffer.getvalue()


def benchmark_table(timings: Sequence[Timing]) -> str:
    """Medians by text length."""
    lines = [
        f"{'chars':>6}{'audio s':>9}{'first token ms':>16}{'first audio ms':>16}{'tok/s':>8}"
        f"{'speed':>8}{'runs':>6}"
    ]
    for characters in sorted({timing.characters for timing in timings}):
        rows = [timing for timing in timings if timing.characters == characters]

        def median(field: str, rows: Sequence[Timing] = rows) -> float:
            values = [value for row in rows if (value := asdict(row)[field]) is not None]
            return statistics.median(values) if values else float("nan")

        lines.append(
            f"{characters:>6}{median('audio_s'):>9.2f}{1000 * median('first_token_s'):>16.0f}"
            f"{1000 * median('first_audio_s'):>16.0f}{median('tokens_per_s'):>8.1f}"
            f"{median('speed'):>8.2f}{len(rows):>6}"
        )
    return "\n".join(lines)
