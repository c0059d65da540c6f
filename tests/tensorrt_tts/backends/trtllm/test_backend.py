"""The adapter on a double with TensorRT-LLM's manners: no id lost, doubled, or delivered late."""

from __future__ import annotations

import asyncio
import contextlib
import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tensorrt_tts.backends.base import (
    Capacity,
    Finish,
    Grammar,
    Prompt,
    Sampling,
    TokenChunk,
)
from tensorrt_tts.backends.trtllm import backend as trtllm
from tensorrt_tts.backends.trtllm.backend import TensorRTLLMBackend
from tensorrt_tts.backends.trtllm.sampling import native_keywords
from tensorrt_tts.backends.trtllm.vocabulary import Vocabulary
from tensorrt_tts.errors import BackendError, EngineDiedError, SettingError
from tests.support import fake_tensorrt_llm
from tests.support.examples import examples
from tests.support.fake_tensorrt_llm import FakeLLM, FakeResult, Manners

END, STOP_WORD = 900, 901
SAMPLING = Sampling(max_tokens=40, grammar=Grammar(stops=(END, STOP_WORD)), seed=1)


def script(length: int, last: int) -> Any:
    """Ids 0, 1, 2 …, then `last`."""

    def token(prompt: list[int], parameters: Any, position: int) -> int:
        return last if position == length else position

    return token


def backend(
    monkeypatch: pytest.MonkeyPatch,
    manners: Manners | None = None,
    length: int = 25,
    last: int = END,
    interval: int = 7,
    streams: int = 8,
) -> TensorRTLLMBackend:
    monkeypatch.setattr(FakeLLM, "manners", manners or Manners())
    monkeypatch.setattr(FakeLLM, "script", staticmethod(script(length, last)))

    def parameters(sampling: Sampling, prompt: Prompt) -> Any:
        keywords = native_keywords(sampling, Vocabulary(1000, 1000))
        return SimpleNamespace(**{"stop_token_ids": None} | keywords)

    return TensorRTLLMBackend(
        FakeLLM(model="engine"), Capacity(streams, 100), parameters, stream_interval=interval
    )


async def collect(
    engine: TensorRTLLMBackend, name: str = "a", sampling: Sampling = SAMPLING
) -> list[TokenChunk]:
    return [chunk async for chunk in engine.stream(Prompt((1, 2, 3)), sampling, name)]


def ids(chunks: list[TokenChunk]) -> list[int]:
    return [token for chunk in chunks for token in chunk.ids]


@settings(
    deadline=None,
    max_examples=examples(80),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any),
    length=st.integers(0, 45),
    last=st.sampled_from([END, STOP_WORD]),
    shows_end=st.booleans(),
    empty_final=st.booleans(),
    interval=st.integers(1, 8),
)
def test_every_id_once_and_in_order_whatever_the_steps(
    monkeypatch: pytest.MonkeyPatch,
    steps: list[int],
    length: int,
    last: int,
    shows_end: bool,
    empty_final: bool,
    interval: int,
) -> None:
    manners = Manners(steps, shows_end, empty_final)

    async def run() -> list[TokenChunk]:
        engine = backend(monkeypatch, manners, length, last, interval)
        chunks = await collect(engine)
        assert engine.stats().running == 0
        assert engine.stats().generated_tokens == min(length, 40)
        return chunks

    chunks = asyncio.run(run())
    assert ids(chunks) == list(range(min(length, 40)))
    expected = Finish.STOP if length < 40 else Finish.LENGTH
    assert [chunk.finish for chunk in chunks] == [None] * (len(chunks) - 1) + [expected]
    assert all(len(chunk.ids) % interval == 0 and chunk.ids for chunk in chunks[:-1])


async def test_a_chunk_is_a_frame_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = await collect(backend(monkeypatch))
    assert [len(chunk.ids) for chunk in chunks] == [7, 7, 7, 4]


async def test_max_tokens_is_cut_to_the_room_left(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = backend(monkeypatch, length=500)
    chunks = await collect(
        engine, sampling=Sampling(max_tokens=10_000, grammar=Grammar(stops=(END,)))
    )
    assert len(ids(chunks)) == 97
    assert chunks[-1].finish is Finish.LENGTH


@pytest.mark.parametrize("after", [1, 4])
async def test_closing_early_aborts_and_waits_for_the_engine(
    monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    engine = backend(monkeypatch, Manners(notices_abort_after=after), length=10**6)
    stream = engine.stream(Prompt((1,)), SAMPLING, "a")
    await anext(stream)
    await stream.aclose()
    llm: FakeLLM = engine._llm
    assert llm.submitted[0].cancelled
    assert llm.running == []
    assert engine.stats().running == 0
    await collect(engine, "a")  # the name is free again


async def test_cancelling_the_task_aborts(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = backend(monkeypatch, length=10**6)
    engine._llm.limits = SimpleNamespace(max_seq_len=10**6, max_batch_size=8)
    task = asyncio.create_task(
        collect(engine, sampling=Sampling(max_tokens=10**5, grammar=Grammar(stops=(END,))))
    )
    async with asyncio.timeout(5):
        while not engine._llm.running:  # noqa: ASYNC110 - cancelled at once, before it can end
            await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine._llm.running == []
    assert engine.stats().running == 0


@pytest.mark.parametrize("how", ["aclose", "close"])
async def test_an_engine_that_hangs_keeps_no_place(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(trtllm, "DRAIN_S", 0.05)
    engine = backend(monkeypatch, Manners(hangs=True))
    task = asyncio.create_task(collect(engine))
    async with asyncio.timeout(5):
        while not engine._llm.running:  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0)
    if how == "aclose":
        task.cancel()
    else:
        await engine.close()
        assert engine._llm.is_shut_down
    with pytest.raises((asyncio.CancelledError, EngineDiedError)):
        await asyncio.wait_for(task, 60)
    assert engine.stats().running == 0
    engine._llm.kill(RuntimeError("end of test"))


async def test_submission_to_a_dead_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = backend(monkeypatch)
    engine._llm.shutdown()
    with pytest.raises(EngineDiedError, match="shutting down"):
        await collect(engine)


async def test_unknown_finish_reason_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = backend(monkeypatch, Manners(fails={0: "timeout"}))
    with pytest.raises(BackendError, match="timeout"):
        await collect(engine)


async def test_the_engines_own_refusal_is_the_callers_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = backend(monkeypatch)
    monkeypatch.setattr(FakeLLM, "limits", SimpleNamespace(max_seq_len=10, max_batch_size=8))
    with pytest.raises(SettingError, match="max_seq_len 10"):
        await collect(engine)
    assert engine.stats().running == 0


class RequestError(RuntimeError):
    """As TensorRT-LLM names it, in whichever of its modules."""


class TooLongError(RequestError):
    """A later release's own kind of it."""


@pytest.mark.parametrize(
    "refusal",
    [
        RequestError("prompt length 40 exceeds the limit"),
        TooLongError("prompt length 40 exceeds the limit"),
        fake_tensorrt_llm.RequestError("prompt length 40 exceeds the limit"),
        ValueError("top_k out of range"),
        TypeError("seed: incompatible function arguments"),
        OverflowError("int too large to convert"),
        NotImplementedError("no such sampling mode"),
    ],
    ids=lambda refusal: type(refusal).__name__,
)
async def test_a_refused_request_leaves_the_engine_to_the_others(
    monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    engine = backend(monkeypatch)
    monkeypatch.setattr(
        FakeLLM, "refuses_request", staticmethod(lambda p: refusal if p == [4] else None)
    )
    running = asyncio.create_task(collect(engine, "before"))
    await asyncio.sleep(0)
    with pytest.raises(SettingError, match=re.escape(str(refusal))):
        await anext(engine.stream(Prompt((4,)), SAMPLING, "refused"))
    assert ids(await running) == list(range(25))
    assert ids(await collect(engine, "after")) == list(range(25))
    assert engine.stats().fault is None
    assert engine.stats().running == 0


async def test_any_other_error_at_submission_is_the_engines_death(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = backend(monkeypatch)
    gone = RuntimeError("MPI worker exited")
    monkeypatch.setattr(FakeLLM, "refuses_request", staticmethod(lambda p: gone))
    with pytest.raises(EngineDiedError, match="MPI worker exited"):
        await collect(engine)
    with pytest.raises(EngineDiedError):
        await collect(engine)


@pytest.mark.parametrize("answer", [SimpleNamespace(outputs=[]), SimpleNamespace(), None])
async def test_an_answer_that_cannot_be_read_fails_its_request_only(
    monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    engine = backend(monkeypatch)
    read = FakeResult.__anext__

    async def odd(self: FakeResult) -> Any:
        step = await read(self)
        return answer if self.prompt_token_ids == [4] else step

    monkeypatch.setattr(FakeResult, "__anext__", odd)
    other = asyncio.create_task(collect(engine, "other"))
    with pytest.raises(BackendError, match="unreadable") as caught:
        await anext(engine.stream(Prompt((4,)), SAMPLING, "odd"))
    assert not isinstance(caught.value, EngineDiedError)
    assert ids(await other) == list(range(25))
    (submitted,) = [r for r in engine._llm.submitted if r.prompt_token_ids == [4]]
    assert submitted.cancelled


async def test_random_cancels_leave_nothing_running(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = backend(monkeypatch, Manners(steps=(1, 3, 0)), length=35, streams=64)

    async def listen(number: int) -> list[int]:
        got: list[int] = []
        async with contextlib.aclosing(
            engine.stream(Prompt((1,)), SAMPLING, str(number))
        ) as stream:
            async for chunk in stream:
                got += chunk.ids
                if number % 3 == 0 and len(got) >= number % 30:
                    break
        return got

    results = await asyncio.gather(*(listen(number) for number in range(40)))
    for number, got in enumerate(results):
        assert got == list(range(len(got)))
        assert number % 3 == 0 or len(got) == 35
    assert engine._llm.running == []
    assert not engine._llm.queued
    assert engine.stats().running == 0


async def test_executor_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trtllm, "STATS_S", 0.01)
    engine = backend(monkeypatch, Manners(hangs=True))
    task = asyncio.create_task(collect(engine))
    for _ in range(500):  # the observer is a thread away
        await asyncio.sleep(0.01)
        stats = engine.stats()
        if stats.kv_blocks_free is not None:
            break
    assert (stats.running, stats.kv_blocks_free) == (1, 60)
    assert stats.extra["active_requests"] == 1
    assert stats.extra["iteration_ms"] == 7.0
    engine._llm.manners = Manners()
    await task
    await engine.close()


async def test_statistics_that_fail_harm_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trtllm, "STATS_S", 0.0)

    def broken(self: FakeLLM, timeout: float) -> list[dict[str, Any]]:
        raise AssertionError("The stats queue is not created")

    monkeypatch.setattr(FakeLLM, "get_stats", broken)
    assert ids(await collect(backend(monkeypatch))) == list(range(25))
