"""A real vLLM engine and the reference backend on one checkpoint, for the tests marked vllm."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from tensorrt_tts.backends.base import Backend, BackendStats, Prompt, Sampling, TokenChunk
from vllm_inference.backend import VLLMBackend
from vllm_inference.options import VLLMOptions, engine_arguments
from vllm_inference.requests import sampling_arguments

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
"""Whether this run is the one on vLLM's V2 runner (see `triton_interpreter`), where a step takes so
long that some tests are shorter."""


def engine_processes() -> list[psutil.Process]:
    """vLLM's processes below this one. multiprocessing's resource tracker stays by design."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if not any("resource_tracker" in part for part in child.cmdline()):
                found.append(child)
    return found


@asynccontextmanager
async def engine(folder: Path, options: VLLMOptions) -> AsyncIterator[VLLMBackend]:
    """Started as a server does it, off the event loop. Leaves no process behind, or fails."""
    backend = await asyncio.to_thread(VLLMBackend.from_folder, folder, options)
    try:
        yield backend
    finally:
        await backend.close()
    # What vLLM had to kill takes a moment to be gone.
    _, alive = await asyncio.to_thread(psutil.wait_procs, engine_processes(), 10.0)
    assert alive == []


async def generate(
    backend: Backend, prompt: list[int], sampling: Sampling, request_id: str
) -> list[TokenChunk]:
    return [chunk async for chunk in backend.stream(Prompt(tuple(prompt)), sampling, request_id)]


async def tokens(
    backend: Backend, prompt: list[int], sampling: Sampling, request_id: str = "one"
) -> list[int]:
    chunks = await generate(backend, prompt, sampling, request_id)
    return [token for chunk in chunks for token in chunk.ids]


def with_logprobs(*arguments: Any, **keywords: Any) -> dict[str, Any]:
    """For `vllm_inference.backend.engine_arguments`: log probabilities as sampled from, after
    penalty, mask and temperature, of every id."""
    settings = {"max_logprobs": -1, "logprobs_mode": "processed_logprobs"}
    return engine_arguments(*arguments, **keywords) | settings


async def first_logprobs(
    backend: VLLMBackend, prompt: list[int], sampling: Sampling, request_id: str
) -> dict[int, float]:
    """Of every id that can be sampled first, in ids of the whole vocabulary."""
    vocabulary = backend._prompts.vocabulary if backend._prompts else None
    if vocabulary is not None:
        sampling = vocabulary.narrow_sampling(sampling)
    arguments = sampling_arguments(sampling) | {"max_tokens": 1, "logprobs": -1}
    parameters = backend._vllm.sampling_params(**arguments)
    async with aclosing(
        backend._engine.generate(backend._prompt(Prompt(tuple(prompt))), parameters, request_id)
    ) as outputs:
        async for output in outputs:
            (found,) = output.outputs[0].logprobs
    finite = {t: entry.logprob for t, entry in found.items() if math.isfinite(entry.logprob)}
    return {vocabulary.widen(t) if vocabulary else t: p for t, p in finite.items()}


async def idle_stats(backend: VLLMBackend, timeout_s: float = 60.0) -> BackendStats:
    """The stats once the scheduler has said that it runs nothing, or as they are at the end."""
    async with asyncio.timeout(timeout_s):
        while backend.stats().extra["engine_running"]:  # noqa: ASYNC110 - vLLM has no event
            await asyncio.sleep(0.01)
    return backend.stats()
