"""Streamed against batch, on whatever the synthesizer runs on."""

from __future__ import annotations

from benchmarks.prompts import Prompt
from benchmarks.speech.streaming_quality import streaming_quality, table
from deploy.jobs.speaker import BENCHMARK_TEXTS
from tensorrt_tts.errors import SettingError
from tensorrt_tts.synthesizer import Synthesizer


async def compare(synthesizer: Synthesizer, prompts: int = 3) -> tuple[bool, str]:
    """Whether streamed and batch audio of the first `prompts` texts agree to ±1 LSB with nothing
    missing, and a table of how closely. Raises SettingError."""
    texts = BENCHMARK_TEXTS[:prompts]
    if prompts < 1 or len(texts) < prompts:
        raise SettingError(f"prompts {prompts} is out of range; use 1 to {len(BENCHMARK_TEXTS)}")
    rows = await streaming_quality(
        synthesizer,
        [Prompt(f"text-{number}", text, "en") for number, text in enumerate(texts, 1)],
        voice=None,
    )
    return all(row.exact for row in rows), table(rows, synthesizer.sample_rate)
