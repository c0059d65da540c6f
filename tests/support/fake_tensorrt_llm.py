"""A double of `tensorrt_llm`'s LLM with its awkward manners, and of the classes around it.

What it mirrors (read in TensorRT-LLM's executor/result.py and llmapi, releases 0.20 to 1.2): one
result object per request, changed in place; `token_ids` grow by several, one or no ids a step; a
stop word is taken off again by replacing the list with a shorter one; END_ID shown or not; answers
go on until the engine has noticed an abort, then `finish_reason` is "cancelled"; a request past
`max_seq_len` is refused synchronously, as is what `refuses_request` says; asynchronous iteration
needs a loop at submission time; a dead executor raises from every iterator and from every later
call. Keywords are checked against the contract, so a misspelt one fails as it would on a GPU.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from packaging.version import Version

from tensorrt_tts.engine_folder.contract import contract_for

Script = Callable[[list[int], Any, int], int]
"""(prompt ids, sampling parameters, position) to the id sampled there."""


class RequestError(RuntimeError):
    """As `tensorrt_llm.executor.RequestError`: one request failed, the engine lives."""


@dataclass
class Manners:
    """steps: how many ids each step of a request brings, in turn; 0 is an empty answer.
    shows_end: whether the END_ID or stop word is in `token_ids` before the final step.
    empty_final: the finishing answer comes alone. notices_abort_after: steps until an abort works.
    """

    steps: Sequence[int] = (1, 2, 0, 3)
    shows_end: bool = False
    empty_final: bool = False
    notices_abort_after: int = 1
    dies_after: int | None = None
    fails: dict[int, str] = field(default_factory=dict)
    hangs: bool = False
    blocks: int = 64


class FakeResult:
    """`RequestOutput`: the same object at every step."""

    def __init__(self, llm: FakeLLM, prompt: list[int], parameters: Any, number: int) -> None:
        self.request_id = number
        self.prompt_token_ids = prompt
        self.outputs = [
            SimpleNamespace(index=0, text="", token_ids=[], finish_reason=None, stop_reason=None)
        ]
        self.finished = False
        self.parameters = parameters
        self.cancelled = False
        self.position = 0
        self.turn = 0
        self._llm = llm
        self._answers: asyncio.Queue[Any] = asyncio.Queue()

    def abort(self) -> None:
        if self._llm.dead is not None or self._llm.is_shut_down:
            raise RuntimeError("executor is gone")
        self.cancelled = True

    def answer(self, item: Any) -> None:
        self._answers.put_nowait(item)

    def __aiter__(self) -> FakeResult:
        return self

    async def __anext__(self) -> FakeResult:
        if self.finished:
            raise StopAsyncIteration
        item = await self._answers.get()
        if isinstance(item, Exception):
            raise item
        ids, reason, trim = item
        completion = self.outputs[0]
        completion.token_ids.extend(ids)
        if reason is not None:
            self.finished = True
            completion.finish_reason = reason
            if trim:  # a stop word: a new, shorter list
                completion.token_ids = completion.token_ids[:-trim]
        return self


class FakeLLM:
    """Both `_tensorrt_engine.LLM` and `tensorrt_llm.LLM`; `entry` names which, in the contract."""

    entry = "LLM"
    manners = Manners()
    script: Script = staticmethod(lambda prompt, parameters, position: 0)
    limits = SimpleNamespace(max_seq_len=4096, max_batch_size=8)
    refuses: Exception | None = None
    refuses_request: Callable[[list[int]], Exception | None] = staticmethod(lambda prompt: None)
    contract = "1.2.1"

    def __init__(self, **keywords: Any) -> None:
        contract_for(self.contract).check(self.entry, keywords)
        if self.refuses is not None:
            raise self.refuses
        self.keywords = keywords
        self.dead: Exception | None = None
        self.is_shut_down = False
        self.running: list[FakeResult] = []
        self.queued: deque[FakeResult] = deque()
        self.submitted: list[FakeResult] = []
        self._engine: asyncio.Task[None] | None = None

    def generate_async(
        self, *, inputs: list[int], sampling_params: Any, streaming: bool
    ) -> FakeResult:
        asyncio.get_running_loop()  # without one, asynchronous iteration would assert
        assert streaming
        assert type(inputs) is list
        assert all(type(token) is int for token in inputs)
        if self.is_shut_down:
            raise RuntimeError("LLM is shutting down")
        if self.dead is not None:
            raise self.dead
        if (refusal := type(self).refuses_request(inputs)) is not None:
            raise refusal
        if len(inputs) + sampling_params.max_tokens > self.limits.max_seq_len:
            raise ValueError(f"prompt + max_tokens exceed max_seq_len {self.limits.max_seq_len}")
        result = FakeResult(self, inputs, sampling_params, len(self.submitted))
        self.submitted.append(result)
        self.queued.append(result)
        if self._engine is None or self._engine.done():
            self._engine = asyncio.create_task(self._run())
        return result

    def shutdown(self) -> None:
        self.is_shut_down = True

    def get_stats(self, timeout: float | None = 2) -> list[dict[str, Any]]:
        used = 4 * len(self.running)
        return [
            {
                "iter": 1,
                "iterLatencyMS": 7.0,
                "numActiveRequests": len(self.running),
                "numQueuedRequests": len(self.queued),
                "gpuMemUsage": 1024,
                "kvCacheStats": {
                    "maxNumBlocks": self.manners.blocks,
                    "freeNumBlocks": self.manners.blocks - used,
                    "usedNumBlocks": used,
                },
            }
        ]

    def kill(self, error: Exception) -> None:
        self.dead = error
        for result in (*self.running, *self.queued):
            result.answer(error)
        self.running.clear()
        self.queued.clear()

    async def _run(self) -> None:
        step = 0
        while self.running or self.queued:
            await asyncio.sleep(0)
            while self.queued and len(self.running) < self.limits.max_batch_size:
                self.running.append(self.queued.popleft())
            if self.manners.hangs:
                continue
            for result in list(self.running):
                if self._advance(result):
                    self.running.remove(result)
            step += 1
            if step == self.manners.dies_after:
                self.kill(RuntimeError("CUDA error: an illegal memory access was encountered"))

    def _advance(self, result: FakeResult) -> bool:
        """One step of one request; True when it has ended."""
        manners, parameters = self.manners, result.parameters
        if result.request_id in manners.fails and result.turn == 2:
            kind = manners.fails[result.request_id]
            result.answer(RequestError(kind) if kind != "timeout" else ([], "timeout", 0))
            return True
        if result.cancelled and result.turn >= manners.notices_abort_after:
            result.answer(([], "cancelled", 0))
            return True
        count = manners.steps[result.turn % len(manners.steps)]
        result.turn += 1
        ids: list[int] = []
        stops = {parameters.end_id, *(parameters.stop_token_ids or ())}
        for _ in range(count):
            token = type(self).script(result.prompt_token_ids, parameters, result.position)
            if token in stops:
                return self._stop(result, ids, token)
            ids.append(token)
            result.position += 1
            if result.position == parameters.max_tokens:
                return self._final(result, ids, "length")
        result.answer((ids, None, 0))
        return False

    def _stop(self, result: FakeResult, ids: list[int], token: int) -> bool:
        word = token != result.parameters.end_id
        if self.manners.shows_end:
            result.answer(([*ids, token], None, 0))  # shown in one answer, taken off in the next
            result.answer(([], "stop", int(word)))
            return True
        if word:
            result.answer(([*ids, token], "stop", 1))
            return True
        return self._final(result, ids, "stop")

    def _final(self, result: FakeResult, ids: list[int], reason: str) -> bool:
        if self.manners.empty_final:
            result.answer((ids, None, 0))
            ids = []
        result.answer((ids, reason, 0))
        return True


class FakePyTorchLLM(FakeLLM):
    entry = "PyTorchLLM"


def _strict(name: str, version: str) -> type:
    """A class that takes what the contract lists and keeps it as attributes."""
    contract = contract_for(version)

    class Strict:
        def __init__(self, **keywords: Any) -> None:
            contract.check(name, keywords)
            for parameter, default in contract.callables[name].parameters.items():
                setattr(self, parameter, keywords.get(parameter, default))

    Strict.__name__ = name
    return Strict


def install(monkeypatch: pytest.MonkeyPatch, version: str = "1.2.1") -> ModuleType:
    """Puts the double in `sys.modules`, as `version`: without the engine backend from 1.3.0rc21 on,
    strict by the fields of 1.3.0rc24 from that release on. Returns the package."""
    import importlib.metadata

    real = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata,
        "version",
        lambda name: version if name == "tensorrt_llm" else real(name),
    )
    names = ["tensorrt_llm", "tensorrt_llm.llmapi"]
    modules = {name: ModuleType(name) for name in names}
    package, api = modules.values()
    contract = "1.3.0rc24" if Version(version) >= Version("1.3.0rc24") else "1.2.1"
    monkeypatch.setattr(FakeLLM, "contract", contract)
    package.LLM = FakePyTorchLLM  # type: ignore[attr-defined]
    package.SamplingParams = _strict("SamplingParams", contract)  # type: ignore[attr-defined]
    configs = ["KvCacheConfig", "SchedulerConfig"]
    engine = ModuleType("tensorrt_llm._tensorrt_engine")
    if Version(version) < Version("1.3.0rc21"):
        engine.LLM = FakeLLM  # type: ignore[attr-defined]
        modules[engine.__name__] = engine
        configs.append("ExtendedRuntimePerfKnobConfig")
    for name in configs:
        setattr(api, name, _strict(name, contract))
    policies = contract_for(contract).enums["CapacitySchedulerPolicy"]
    api.CapacitySchedulerPolicy = SimpleNamespace(  # type: ignore[attr-defined]
        **{name: name for name in policies}
    )
    monkeypatch.delitem(sys.modules, engine.__name__, raising=False)
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(FakeLLM, "manners", Manners())
    monkeypatch.setattr(FakeLLM, "refuses", None)
    return package
