"""The real vLLM engine held to `base.Backend`, as `tests/tensorrt_tts/backends/test_conformance.py`
holds the others. One engine serves all tests, each through a backend of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from tensorrt_tts.backends.base import Capacity
from tensorrt_tts.loading import load_model
from tests.support.backend_conformance import ROOM, BackendConformance, Opened
from tests.support.tiny_orpheus import tiny_model_folders
from tests.vllm_inference.engine_fixtures import engine, idle_stats
from vllm_inference.backend import VLLMBackend
from vllm_inference.options import VLLMOptions

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(1800, func_only=True),
    pytest.mark.filterwarnings("default"),  # vLLM's dependencies warn while they are imported
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[VLLMBackend]:
    options = VLLMOptions(max_streams=ROOM.max_streams, max_sequence=ROOM.max_sequence)
    async with engine(tiny_model_folders()[0], options) as started:
        yield started


class Lasting:
    """The engine, but that closing a backend on it does not end it."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.shutdown = lambda timeout: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


class TestVLLM(BackendConformance):
    tokens = load_model(*map(str, tiny_model_folders())).family.tokens
    grammar = tokens.grammar()
    vocab_size = tokens.audio_end

    @pytest.fixture(autouse=True)
    def _engine(self, shared: VLLMBackend) -> None:
        self.shared = shared

    @asynccontextmanager
    async def opened(self, interval: int = 3, capacity: Capacity = ROOM) -> AsyncIterator[Opened]:
        options = VLLMOptions(stream_interval=interval, singly_below=0)
        shared = self.shared
        backend = VLLMBackend(
            Lasting(shared._engine),
            shared._vllm,
            capacity,
            options,
            shared._engine_stats,
            vocab_size=self.vocab_size,
        )
        yield Opened(backend)
        await backend.close()
        await idle_stats(shared)
