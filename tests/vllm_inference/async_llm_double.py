"""Stands for vLLM's AsyncLLM (0.32) in the fast tests, with its awkward habits.

The first token is handed on at once and then every `stream_interval`; a consumer that is late gets
several hand-ons merged; the stop id is delivered; an abort of an unknown request is ignored;
closing or cancelling the generator aborts; a dead engine raises for open and later requests alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from vllm_inference.bindings import Bindings


class EngineDeadError(Exception):
    pass


class EngineGenerateError(Exception):
    pass


class VLLMClientError(Exception):
    """In vLLM 0.32 what the caller got wrong is no ValueError."""


@dataclass
class Script:
    """tokens the model would emit. reason: why it ends after them, None for never. fail: raised
    as the cause of an EngineGenerateError after the tokens."""

    tokens: list[int]
    reason: str | None = "length"
    fail: Exception | None = None


@dataclass
class _Request:
    queue: asyncio.Queue = field(default_factory=asyncio.Queue)
    sent: int = 0


class AsyncLLMDouble:
    def __init__(self, script: Script, step_s: float = 0.0, blocks: int = 101) -> None:
        self.script = script
        self.step_s = step_s
        self.vllm_config = SimpleNamespace(cache_config=SimpleNamespace(num_gpu_blocks=blocks))
        self.params: dict[str, dict[str, Any]] = {}
        self.prompts: dict[str, list[int]] = {}
        self.active: dict[str, _Request] = {}
        self.aborts: list[str] = []
        self.registration = asyncio.Event()  # cleared: add_request() is held before registering
        self.registration.set()
        self.dead = False
        self.breaks: dict[str, Exception] = {}  # by request id: what it did not foresee
        self.dead_when_asked = False  # dead, and a request meets another error first
        self.shutdowns: list[float] = []

    @property
    def errored(self) -> bool:
        """As AsyncLLM's: True once the engine core has died."""
        return self.dead or self.dead_when_asked

    def bindings(self, hand_on_per_request: bool = True) -> Bindings:
        return Bindings(
            start=lambda arguments, loggers: self,
            sampling_params=lambda **arguments: arguments,
            engine_dead=EngineDeadError,
            request_failed=EngineGenerateError,
            request_invalid=(ValueError, VLLMClientError),
            hand_on_per_request=hand_on_per_request,
        )

    async def generate(
        self, prompt: dict[str, list[int]], params: dict[str, Any], request_id: str
    ) -> AsyncIterator[Any]:
        if self.dead:
            raise EngineDeadError("EngineCore encountered an issue.")
        if not 0 < params["top_p"] <= 1:
            raise VLLMClientError("top_p must be in (0, 1]")
        if request_id in self.breaks:
            raise self.breaks[request_id]
        await self.registration.wait()
        self.params[request_id] = params
        self.prompts[request_id] = prompt["prompt_token_ids"]
        request = self.active[request_id] = _Request()
        step = asyncio.create_task(self._run(request, params.get("stream_interval", 1)))
        try:
            while True:
                item = await request.queue.get()
                while not request.queue.empty() and not isinstance(item, Exception):
                    later = request.queue.get_nowait()
                    item = later if isinstance(later, Exception) else _merged(item, later)
                if isinstance(item, EngineDeadError):
                    raise item
                if isinstance(item, Exception):
                    raise EngineGenerateError() from item
                yield SimpleNamespace(outputs=[item])
                if item.finish_reason is not None:
                    return
        except (asyncio.CancelledError, GeneratorExit):
            self.aborts.append(request_id)
            raise
        finally:
            step.cancel()
            self.active.pop(request_id, None)

    async def _run(self, request: _Request, interval: int) -> None:
        pending: list[int] = []
        for token in self.script.tokens:
            await asyncio.sleep(self.step_s)
            pending.append(token)
            if request.sent == 0 or len(pending) >= interval:
                request.sent += len(pending)
                request.queue.put_nowait(_output(pending))
                pending = []
        if self.script.fail is not None:
            request.queue.put_nowait(self.script.fail)
        elif self.script.reason is not None:
            request.queue.put_nowait(_output(pending, self.script.reason))

    async def abort(self, request_id: str) -> None:
        if request_id in self.active:
            self.aborts.append(request_id)
            self.active[request_id].queue.put_nowait(_output([], "abort"))

    def die(self) -> None:
        self.dead = True
        for request in self.active.values():
            request.queue.put_nowait(EngineDeadError("EngineCore encountered an issue."))

    def shutdown(self, timeout: float) -> None:
        self.shutdowns.append(timeout)


def _output(ids: list[int], reason: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(token_ids=list(ids), finish_reason=reason)


def _merged(first: SimpleNamespace, second: SimpleNamespace) -> SimpleNamespace:
    return _output(first.token_ids + second.token_ids, second.finish_reason)
