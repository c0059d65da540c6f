"""Streamed against batch: generate once, decode the same tokens both ways, compare the audio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tensorrt_tts.codecs.lookahead import decode_offline
from tensorrt_tts.codecs.stability import Comparison, compare, run
from tensorrt_tts.speech import SpeechRequest

if TYPE_CHECKING:
    from benchmarks.prompts import Prompt
    from tensorrt_tts.synthesizer import Synthesizer

MSE_LIMIT = 1e-3
DIFFERENCE_LIMIT = 0.5
CORRELATION_LIMIT = 0.998
STD_RATIO_LIMIT = 0.95
"""The usual limits for streamed audio, full scale = 1. Ours is ±1 LSB: `Comparison.exact`."""


@dataclass(frozen=True, slots=True)
class Quality:
    """usual: within the usual limits. exact: nothing missing and equal to ±1 LSB of int16."""

    prompt: str
    comparison: Comparison
    usual: bool
    exact: bool


def judge(prompt: str, comparison: Comparison) -> Quality:
    """Pure half of `streaming_quality`."""
    usual = (
        comparison.missing == 0
        and comparison.mse < MSE_LIMIT
        and comparison.max_difference < DIFFERENCE_LIMIT
        and comparison.correlation > CORRELATION_LIMIT
        and STD_RATIO_LIMIT < comparison.std_ratio < 1 / STD_RATIO_LIMIT
    )
    return Quality(prompt, comparison, usual, comparison.exact)


async def streaming_quality(
    synthesizer: Synthesizer, prompts: Sequence[Prompt], voice: str | None
) -> list[Quality]:
    """One row per prompt (its first segment, where a text has several)."""
    rows: list[Quality] = []
    family, who = synthesizer.model.family, synthesizer.model.spec.voice(voice)
    for prompt in prompts:
        request = SpeechRequest(prompt.text, voice, seed=0)
        ids = await synthesizer.generate_tokens(request)
        streamed, first = run(synthesizer.decoder(0, who), ids)
        offline = decode_offline(ids, family.parser(who), synthesizer.codec, 0)
        rows.append(judge(prompt.id, compare("streamed", streamed, offline, first or None)))
    return rows


def table(rows: Sequence[Quality], sample_rate: int) -> str:
    lines = [
        f"{'prompt':<8}{'audio s':>9}{'missing':>9}{'MSE':>10}{'max diff':>10}{'LSB':>5}"
        f"{'correlation':>13}{'std ratio':>11}{'usual':>7}{'exact':>7}"
    ]
    for row in rows:
        c = row.comparison
        lines.append(
            f"{row.prompt:<8}{c.samples / sample_rate:>9.2f}{c.missing:>9}{c.mse:>10.1e}"
            f"{c.max_difference:>10.1e}{c.max_lsb:>5}{c.correlation:>13.6f}{c.std_ratio:>11.6f}"
            f"{'yes' if row.usual else 'NO':>7}{'yes' if row.exact else 'NO':>7}"
        )
    return "\n".join(lines)
