"""A real vLLM engine and the reference backend on one checkpoint, for the tests marked vllm."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil

from tensorrt_tts.backends.base import Backend, BackendStats, Prompt, Sampling, TokenChunk
from vllm_inference.backend import VLLMBackend
from vllm_inference.options import VLLMOptions

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


async def idle_stats(backend: VLLMBackend, timeout_s: float = 60.0) -> BackendStats:
    """The stats once the scheduler has said that it runs nothing, or as they are at the end."""
    async with asyncio.timeout(timeout_s):
        while backend.stats().extra["engine_running"]:  # noqa: ASYNC110 - vLLM has no event
            await asyncio.sleep(0.01)
    return backend.stats()
