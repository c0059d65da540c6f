"""Tokens per second of a backend alone, by batch, and how close that is to what memory allows."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from engines.roofline import Roofline
from tensorrt_tts.backends.base import Backend, Prompt, Sampling
from tensorrt_tts.errors import BackendError

PROMPT_IDS = 60
"""An ordinary sentence's prompt."""

BATCHES = (1, 8, 64, 256)


@dataclass(frozen=True, slots=True)
class BackboneRate:
    """At `batch` streams that all generate: tokens per second of all together and of each; time of
    a step; the bound of the roofline (tokens per second of all) and the share of it reached; time
    to the first token after all streams began at once, median."""

    batch: int
    tokens_per_s: float
    per_stream: float
    step_ms: float
    bound_tokens_per_s: float
    share: float
    ttft_p50_ms: float


@dataclass(frozen=True, slots=True)
class _Delivery:
    at: float
    tokens: int


async def backbone_rates(
    backend: Backend,
    sampling: Sampling,
    roofline: Roofline,
    batches: Sequence[int] = BATCHES,
) -> AsyncIterator[BackboneRate]:
    """Each batch once, after a warm-up of the same size, as soon as it is known. sampling: as
    production samples; its max_tokens is every stream's length, of which the stretch in which all
    streams run is counted.
    """
    for batch in batches:
        await _run(backend, sampling, batch)
        began = time.perf_counter()
        streams = await _run(backend, sampling, batch)
        rate = steady_rate(streams, batch)
        context = PROMPT_IDS + sampling.max_tokens // 2
        bound = batch * roofline.rate(batch, context).ceiling
        yield BackboneRate(
            batch=batch,
            tokens_per_s=rate,
            per_stream=rate / batch,
            step_ms=1000 * batch / rate,
            bound_tokens_per_s=bound,
            share=rate / bound,
            ttft_p50_ms=1000 * statistics.median(s[0].at - began for s in streams),
        )


async def _run(backend: Backend, sampling: Sampling, batch: int) -> list[list[_Delivery]]:
    async def one(index: int) -> list[_Delivery]:
        # Different prompts, so that a prefix cache saves nothing.
        prompt = Prompt(tuple(1 + (index * PROMPT_IDS + i) % 1000 for i in range(PROMPT_IDS)))
        found = []
        async with aclosing(backend.stream(prompt, sampling, f"backbone-{index}")) as chunks:
            async for chunk in chunks:
                if chunk.ids:
                    found.append(_Delivery(time.perf_counter(), len(chunk.ids)))
        return found

    return await asyncio.gather(*(one(index) for index in range(batch)))


def steady_rate(streams: Sequence[Sequence[_Delivery]], batch: int) -> float:
    """Tokens per second between the last stream's first delivery and the first stream's last.

    The tokens of a delivery count as generated evenly since the one before it: streams of one step
    are delivered one after another, and all but one would lose a whole delivery at the end.

    Raises BackendError when the streams never ran together: they were too short, or refused to
    share.
    """
    if len(streams) != batch or not all(streams):
        raise BackendError(f"of {batch} streams, some gave no tokens; see the engine's log")
    begun = max(stream[0].at for stream in streams)
    ended = min(stream[-1].at for stream in streams)
    if ended <= begun:
        raise BackendError(
            f"{batch} streams never ran all at once; use longer streams or a smaller batch"
        )
    return sum(_generated(stream, begun, ended) for stream in streams) / (ended - begun)


def _generated(stream: Sequence[_Delivery], begun: float, ended: float) -> float:
    at = [delivery.at for delivery in stream]
    tokens = np.cumsum([delivery.tokens for delivery in stream])
    before, after = np.interp([begun, ended], at, tokens)
    return float(after - before)


def table(rates: Sequence[BackboneRate]) -> str:
    """One row per batch."""
    lines = [
        f"{'batch':>6}{'tok/s':>10}{'per stream':>12}{'step ms':>9}{'of roofline':>13}"
        f"{'first token ms':>16}"
    ]
    for rate in rates:
        lines.append(
            f"{rate.batch:>6}{rate.tokens_per_s:>10.0f}{rate.per_stream:>12.1f}"
            f"{rate.step_ms:>9.2f}{rate.share:>13.1%}{rate.ttft_p50_ms:>16.1f}"
        )
    return "\n".join(lines)
