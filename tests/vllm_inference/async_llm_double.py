"""Stands for vLLM's AsyncLLM (0.32) in the fast tests, with its awkward habits.

The first token is sent at once and then every `stream_interval`, the last ones together with the
finish; a consumer that is late gets several outputs merged; the stop id is delivered; an abort of
an unknown request is ignored; closing or cancelling the generator aborts; a dead engine raises for
open and later requests alike, and one that was shut down is dead to what had not begun.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from vllm_inference.bindings import Bindings
from vllm_inference.legal_rule import LegalRule


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
    """script: None for ids drawn by each request's own seed, rule, stops and max_tokens, as a model
    would."""

    def __init__(
        self, script: Script | None = None, step_s: float = 0.0, blocks: int = 101
    ) -> None:
        self.script = script
        self.step_s = step_s
        self.vllm_config = SimpleNamespace(cache_config=SimpleNamespace(num_gpu_blocks=blocks))
        self.params: dict[str, dict[str, Any]] = {}
        self.prompts: dict[str, list[int]] = {}
        self.active: dict[str, _Request] = {}
        self.aborts: list[str] = []
        self.registration = asyncio.Event()  # cleared: add_request() is held before registering
        self.registration.set()
        self.longest = 2000  # ids of a sequence
        self.dead = False
        self.breaks: dict[str, Exception] = {}  # by request id: what it did not foresee
        self.dead_when_asked = False  # dead, and a request meets another error first
        self.shutdowns: list[float] = []

    @property
    def errored(self) -> bool:
        """As AsyncLLM's: True once the engine core has died."""
        return self.dead or self.dead_when_asked

    def bindings(self, interval_per_request: bool = True) -> Bindings:
        return Bindings(
            start=lambda arguments, loggers: self,
            sampling_params=lambda **arguments: arguments,
            engine_dead=EngineDeadError,
            request_failed=EngineGenerateError,
            request_invalid=(ValueError, VLLMClientError),
            interval_per_request=interval_per_request,
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
        if self.shutdowns:
            raise EngineDeadError("EngineCore was shut down.")
        self.params[request_id] = params
        self.prompts[request_id] = prompt["prompt_token_ids"]
        request = self.active[request_id] = _Request()
        script = self.script or drawn(prompt["prompt_token_ids"], params, self.longest)
        step = asyncio.create_task(self._run(request, script, params.get("stream_interval", 1)))
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

    async def _run(self, request: _Request, script: Script, interval: int) -> None:
        pending: list[int] = []
        ends = script.fail is None and script.reason is not None
        for left, token in zip(reversed(range(len(script.tokens))), script.tokens, strict=True):
            await asyncio.sleep(self.step_s)
            pending.append(token)
            if (request.sent == 0 or len(pending) >= interval) and (left or not ends):
                request.sent += len(pending)
                request.queue.put_nowait(_output(pending))
                pending = []
        if script.fail is not None:
            request.queue.put_nowait(script.fail)
        elif script.reason is not None:
            request.queue.put_nowait(_output(pending, script.reason))

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


def drawn(prompt: list[int], params: dict[str, Any], longest: int) -> Script:
    """What a model with these parameters says."""
    rule = LegalRule.from_extra_args(params["extra_args"])
    assert rule is not None
    draw = random.Random(f"{prompt} {params['seed']}")
    count = min(params["max_tokens"], longest - len(prompt))
    tokens: list[int] = []
    for ranges in itertools.islice((*rule.prefix, *itertools.chain(*[rule.cycle] * count)), count):
        tokens.append(draw.choice(range(*ranges[0])))
        if tokens[-1] in params["stop_token_ids"]:
            return Script(tokens, "stop")
    return Script(tokens, "length")


def _output(ids: list[int], reason: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(token_ids=list(ids), finish_reason=reason)


def _merged(first: SimpleNamespace, second: SimpleNamespace) -> SimpleNamespace:
    return _output(first.token_ids + second.token_ids, second.finish_reason)
