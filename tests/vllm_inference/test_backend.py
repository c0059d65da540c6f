"""The backend against a double of AsyncLLM; `test_engine.py` has the real one."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import pytest

from tensorrt_tts.backends.base import (
    Capacity,
    Finish,
    Grammar,
    Prompt,
    Sampling,
    TokenChunk,
)
from tensorrt_tts.errors import BackendError, EngineDiedError, SettingError
from tests.vllm_inference.async_llm_double import AsyncLLMDouble, Script
from vllm_inference.backend import VLLMBackend
from vllm_inference.engine_stats import EngineStats
from vllm_inference.options import VLLMOptions

STOP = 9
ENDLESS = Script(list(range(10, 2000)), None)


def backend_on(
    engine: AsyncLLMDouble,
    streams: int = 4,
    interval_per_request: bool = True,
    singly_below: int = 0,
) -> VLLMBackend:
    options = VLLMOptions(max_streams=streams, singly_below=singly_below, shutdown_s=3.0)
    capacity = Capacity(streams, 100)
    return VLLMBackend(
        engine, engine.bindings(interval_per_request), capacity, options, EngineStats()
    )


def sampling(**changes: object) -> Sampling:
    return Sampling(**({"max_tokens": 50, "grammar": Grammar(stops=(STOP,))} | changes))  # type: ignore[arg-type]


async def until(condition: Callable[[], object]) -> None:
    """Wait for it to hold, however slow the machine; the test's timeout ends a wait for ever."""
    while not condition():  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0.001)


async def collect(backend: VLLMBackend, request_id: str = "a", **changes: object) -> list:
    return [
        chunk async for chunk in backend.stream(Prompt((1, 2, 3)), sampling(**changes), request_id)
    ]


def ids(chunks: list[TokenChunk]) -> list[int]:
    return [token for chunk in chunks for token in chunk.ids]


async def test_the_stop_id_is_not_delivered():
    chunks = await collect(backend_on(AsyncLLMDouble(Script([10, 11, STOP], "stop"))))
    assert ids(chunks) == [10, 11]
    assert chunks[-1].finish is Finish.STOP


async def test_a_stop_id_that_length_cut_is_delivered_as_any_id():
    chunks = await collect(backend_on(AsyncLLMDouble(Script([10, STOP, 11], "length"))))
    assert ids(chunks) == [10, STOP, 11]


async def test_a_chunk_is_a_frame_once_others_run():
    engine = AsyncLLMDouble(Script(list(range(10, 31))), step_s=0.001)
    backend = backend_on(engine, singly_below=1)
    alone, beside = await asyncio.gather(collect(backend, "alone"), collect(backend, "beside"))
    assert "stream_interval" not in engine.params["alone"]
    assert engine.params["beside"]["stream_interval"] == 7
    assert [len(chunk.ids) for chunk in beside] == [1, 7, 7, 6]
    assert len(alone) > len(beside)
    assert ids(alone) == ids(beside)


async def test_the_interval_is_the_engine_s_where_requests_cannot_say():
    engine = AsyncLLMDouble(Script([10]))
    await collect(backend_on(engine, interval_per_request=False))
    assert "stream_interval" not in engine.params["a"]


async def test_closing_the_stream_early_aborts():
    engine = AsyncLLMDouble(ENDLESS, step_s=0.001)
    backend = backend_on(engine)
    async with aclosing(backend.stream(Prompt((1,)), sampling(), "a")) as chunks:
        async for _ in chunks:
            break
        assert backend.stats().running == 1
    assert engine.aborts == ["a"]
    assert not engine.active
    assert backend.stats().running == 0


async def test_cancelling_the_consumer_aborts():
    engine = AsyncLLMDouble(ENDLESS, step_s=0.001)
    backend = backend_on(engine)
    task = asyncio.create_task(collect(backend))
    await until(lambda: backend.stats().generated_tokens)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.aborts == ["a"]
    assert backend.stats().running == 0


async def test_engine_death_is_seen_while_nobody_speaks():
    engine = AsyncLLMDouble(ENDLESS)
    backend = backend_on(engine)
    assert backend.stats().fault is None
    engine.die()
    assert backend.stats().fault == "it stopped by itself"
    with pytest.raises(EngineDiedError, match="it stopped by itself; restart"):
        await collect(backend)


async def test_one_failed_request_is_its_own_failure():
    engine = AsyncLLMDouble(Script([10], fail=RuntimeError("bad tensor")))
    backend = backend_on(engine)
    with pytest.raises(BackendError, match="bad tensor") as caught:
        await collect(backend)
    assert not isinstance(caught.value, EngineDiedError)
    engine.script = Script([11])
    assert ids(await collect(backend)) == [11]


@pytest.mark.parametrize(
    "error",
    [
        AssertionError(),
        RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"),
        KeyError("prompt_logprobs"),
        TypeError("Object of type Tensor is not serializable"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_vllm_did_not_foresee_fails_one_request_alone(error):
    """Beside its three classes, generate() passes on whatever its own code runs into."""
    engine = AsyncLLMDouble(Script(list(range(10, 20))))
    backend = backend_on(engine)
    engine.breaks["a"] = error
    with pytest.raises(BackendError, match="vLLM failed this request") as caught:
        await collect(backend, "a")
    assert not isinstance(caught.value, EngineDiedError)
    assert len(ids(await collect(backend, "b"))) == 10
    assert backend.stats().running == 0
    engine.breaks["c"], engine.dead_when_asked = error, True
    with pytest.raises(EngineDiedError, match="the vllm engine died"):
        await collect(backend, "c")
    with pytest.raises(EngineDiedError):
        await collect(backend, "d")


async def test_our_own_refusals_stay_what_they_are(monkeypatch):
    """A prompt id that a cut vocabulary's table lacks is found once the stream is open."""
    backend = backend_on(AsyncLLMDouble(ENDLESS))

    def refuses(prompt):
        raise SettingError("prompt holds an id beyond the vocabulary of 7")

    monkeypatch.setattr(backend, "_prompt", refuses)
    with pytest.raises(SettingError, match=r"^prompt holds an id"):
        await collect(backend)


async def test_an_end_for_unknown_reasons_is_an_error():
    with pytest.raises(BackendError, match="'error'"):
        await collect(backend_on(AsyncLLMDouble(Script([10], "error"))))


@pytest.mark.parametrize("length", [0, 100, 5000])
async def test_prompt_that_does_not_fit(length):
    backend = backend_on(AsyncLLMDouble(ENDLESS))
    with pytest.raises(SettingError, match=f"prompt of {length} ids"):
        await anext(backend.stream(Prompt((1,) * length), sampling(), "a"))
    assert backend.stats().running == 0


async def test_what_vllm_refuses_is_a_setting_error():
    with pytest.raises(SettingError, match="top_p"):
        await collect(backend_on(AsyncLLMDouble(ENDLESS)), top_p=0.0)


async def test_close_shuts_the_engine_down_once():
    engine = AsyncLLMDouble(ENDLESS, step_s=0.001)
    backend = backend_on(engine)
    task = asyncio.create_task(collect(backend))
    await until(lambda: engine.active)
    await backend.close()
    await backend.close()
    assert engine.shutdowns == [3.0]
    with pytest.raises(EngineDiedError, match="closed"):
        await task


async def test_close_before_the_engine_knows_a_request_ends_it_too():
    engine = AsyncLLMDouble(ENDLESS, step_s=0.001)
    engine.registration.clear()
    backend = backend_on(engine)
    task = asyncio.create_task(collect(backend))
    await until(lambda: backend.stats().running)
    await backend.close()
    engine.registration.set()
    with pytest.raises(EngineDiedError, match="closed"):
        await task
    assert (backend.stats().running, backend.stats().fault) == (0, None)


async def test_stats_come_from_the_scheduler():
    engine = AsyncLLMDouble(ENDLESS, step_s=0.001, blocks=101)
    backend = backend_on(engine)
    assert backend.stats().kv_blocks_free == 100
    backend._engine_stats.kv_usage = 0.25
    backend._engine_stats.running = 1
    task = asyncio.create_task(collect(backend))
    await until(lambda: backend.stats().generated_tokens)
    stats = backend.stats()
    assert stats.kv_blocks_free == 75
    assert stats.running == 1
    assert stats.extra["engine_running"] == 1
    await backend.close()
    with pytest.raises(EngineDiedError):
        await task
