"""Every backend and every double of one, held to `base.Backend`; `tests/vllm_inference` has the
real vLLM."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.doubles.engine_double import EngineDouble
from benchmarks.doubles.fixed_length import FixedLength
from tensorrt_tts.backends.base import Capacity, Finish, Prompt, Sampling
from tensorrt_tts.backends.reference import ReferenceBackend
from tensorrt_tts.backends.trtllm.backend import TensorRTLLMBackend
from tensorrt_tts.backends.trtllm.sampling import native_keywords
from tensorrt_tts.backends.trtllm.vocabulary import Vocabulary
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens
from tensorrt_tts.loading import load_model
from tests.support.backend_conformance import (
    ROOM,
    BackendConformance,
    Opened,
    collect,
    ids,
)
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.fake_tensorrt_llm import FakeLLM, Manners
from tests.support.tiny_orpheus import tiny_model_folders
from tests.vllm_inference.async_llm_double import AsyncLLMDouble
from vllm_inference.backend import VLLMBackend
from vllm_inference.engine_stats import EngineStats
from vllm_inference.options import VLLMOptions

TOKENS = OrpheusTokens(custom_base=20, codebook_size=8, begin_of_text=0, end_of_text=1)
ROWS = 100


def tiny() -> Any:
    folder, codec = tiny_model_folders()
    return load_model(str(folder), str(codec))


class TestReference(BackendConformance):
    grammar = tiny().family.grammar
    vocab_size = tiny().family.tokens.audio_end

    @asynccontextmanager
    async def opened(self, interval: int = 3, capacity: Capacity = ROOM) -> AsyncIterator[Opened]:
        backend = ReferenceBackend.from_folder(
            tiny_model_folders()[0], max_streams=capacity.max_streams
        )
        following = backend._next

        def kill() -> None:
            def die() -> None:
                raise MemoryError("out of memory")

            backend._turn = die  # type: ignore[method-assign]

        def spoil(request_id: str) -> None:
            def fail(scores: Any) -> int:
                raise ValueError("not a number")

            def next_(generation: Any, state: Any) -> Any:
                if generation.place.request_id == request_id and generation.generated == 5:
                    generation.sampler.choose = fail
                return following(generation, state)

            backend._next = next_  # type: ignore[method-assign]

        yield Opened(backend, kill, spoil)
        await backend.close()


class TestTensorRTLLM(BackendConformance):
    """An engine: its bias knows no positions."""

    grammar = TOKENS.grammar()
    enforces = False
    vocab_size = ROWS

    @pytest.fixture(autouse=True)
    def _engine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def script(prompt: list[int], parameters: Any, position: int) -> int:
            legal = (parameters.embedding_bias == 0).nonzero()[:, 0].tolist()
            return int(random.Random(f"{prompt} {parameters.seed} {position}").choice(legal))

        monkeypatch.setattr(FakeLLM, "script", staticmethod(script))
        monkeypatch.setattr(FakeLLM, "manners", Manners())

    @asynccontextmanager
    async def opened(self, interval: int = 3, capacity: Capacity = ROOM) -> AsyncIterator[Opened]:
        vocabulary = Vocabulary(ROWS, ROWS)

        def parameters(sampling: Sampling, prompt: Prompt) -> Any:
            return SimpleNamespace(
                **{"stop_token_ids": None} | native_keywords(sampling, vocabulary)
            )

        llm = FakeLLM(model="engine")
        backend = TensorRTLLMBackend(
            llm, capacity, parameters, stream_interval=interval, check=vocabulary.check
        )

        def spoil(request_id: str) -> None:
            llm.manners.fails[len(llm.submitted) + 1] = "out of KV blocks"  # after the good one

        yield Opened(backend, lambda: llm.kill(RuntimeError("CUDA error")), spoil)
        await backend.close()


class TestVLLM(BackendConformance):
    grammar = TOKENS.grammar()
    vocab_size = ROWS

    @asynccontextmanager
    async def opened(self, interval: int = 3, capacity: Capacity = ROOM) -> AsyncIterator[Opened]:
        engine = AsyncLLMDouble()
        options = VLLMOptions(stream_interval=interval, singly_below=0)
        backend = VLLMBackend(
            engine, engine.bindings(), capacity, options, EngineStats(), vocab_size=ROWS
        )

        def spoil(request_id: str) -> None:
            engine.breaks[request_id] = RuntimeError("shape mismatch")

        yield Opened(backend, engine.die, spoil)
        await backend.close()


class TestEngineDouble(BackendConformance):
    grammar = TOKENS.grammar()
    endless = 10**6  # its step loop waits for nobody

    @asynccontextmanager
    async def opened(self, interval: int = 3, capacity: Capacity = ROOM) -> AsyncIterator[Opened]:
        backend = EngineDouble(20_000, self.endless, capacity.max_streams, interval)
        yield Opened(backend)
        await backend.close()


class TestFixedLength(TestEngineDouble):
    @asynccontextmanager
    async def opened(self, interval: int = 3, capacity: Capacity = ROOM) -> AsyncIterator[Opened]:
        async with super().opened(interval, capacity) as opened:
            yield Opened(FixedLength(opened.backend, self.endless + 1))

    async def test_a_stop_ends_the_stream_and_is_not_delivered(self) -> None:  # type: ignore[override]
        """Its answers all have one length: nothing is a stop."""
        async with self.opened() as opened:
            chunks = await collect(opened.backend, self.sampling(15))
            assert len(ids(chunks)) == 15
            assert chunks[-1].finish is Finish.LENGTH


class TestBackendDouble(BackendConformance):
    grammar = TOKENS.grammar()

    @asynccontextmanager
    async def opened(self, interval: int = 3, capacity: Capacity = ROOM) -> AsyncIterator[Opened]:
        backend = BackendDouble(
            capacity=capacity, behaviour=Behaviour(endless=True, interval=interval)
        )
        yield Opened(backend, backend.die)
        await backend.close()
