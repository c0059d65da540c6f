"""A `base.Backend` that needs no model: legal tokens at a set rate, and every way to fail."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from tensorrt_tts.backends.base import (
    BackendStats,
    Capacity,
    Finish,
    Grammar,
    Prompt,
    Sampling,
    TokenChunk,
)
from tensorrt_tts.errors import BackendError, EngineDiedError, SettingError


@dataclass
class Behaviour:
    """How the streams that begin from now on behave.

    frames: length of an utterance; 0 ends at once. rate: tokens a second, None for as fast as the
    loop turns. endless: never stops by itself (max_tokens still holds). hang_at, die_at, fail_at:
    token index before which it waits for ever, the engine dies, or this one request fails.
    deaf: does not stop when closed or cancelled, as an engine stuck in a kernel would.
    """

    frames: int = 20
    rate: float | None = None
    endless: bool = False
    hang_at: int | None = None
    die_at: int | None = None
    fail_at: int | None = None
    deaf: bool = False


@dataclass
class BackendDouble:
    """Tokens follow from the prompt alone, so an utterance can be recognised in its audio.

    started, ended: request ids in order. Mirrors an engine: a dead one fails every stream.
    releases: closing it frees what hangs.
    """

    name: str = "double"
    capacity: Capacity = field(default_factory=lambda: Capacity(64, 4096))
    behaviour: Behaviour = field(default_factory=Behaviour)
    started: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    closed: bool = False
    generated: int = 0
    releases: bool = True
    _running: dict[str, asyncio.Event] = field(default_factory=dict)
    _dead: asyncio.Event = field(default_factory=asyncio.Event)

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncIterator[TokenChunk]:
        if request_id in self._running:
            raise SettingError(f"request id {request_id!r} is in flight already; choose another")
        aborted = self._running[request_id] = asyncio.Event()
        self.started.append(request_id)
        try:
            async for chunk in self._generate(self.behaviour, prompt, sampling, aborted):
                yield chunk
        finally:
            del self._running[request_id]
            self.ended.append(request_id)

    async def _generate(
        self,
        how: Behaviour,
        prompt: Prompt,
        sampling: Sampling,
        aborted: asyncio.Event,
    ) -> AsyncIterator[TokenChunk]:
        began = time.perf_counter()
        grammar = sampling.grammar
        length = len(grammar.prefix) + len(grammar.cycle) * how.frames if how.frames else 0
        for index, token in enumerate(_tokens(prompt, sampling.grammar)):
            if index == sampling.max_tokens:
                yield TokenChunk((), Finish.LENGTH)
                return
            if index == length and not how.endless:
                yield TokenChunk((), Finish.STOP)
                return
            if index == how.fail_at:
                raise BackendError("the engine refused this request")
            if index == how.die_at:
                self._dead.set()
            if index == how.hang_at:
                await (self._hang_deaf() if how.deaf else self._until_dead())
            elif how.rate is not None:
                await asyncio.sleep(max(0.0, began + (index + 1) / how.rate - time.perf_counter()))
            else:
                await asyncio.sleep(0)
            if self._dead.is_set():
                raise EngineDiedError("the engine died; restart the server")
            if aborted.is_set():
                yield TokenChunk((), Finish.ABORT)
                return
            self.generated += 1
            yield TokenChunk((token,))

    async def _until_dead(self) -> None:
        await self._dead.wait()

    async def _hang_deaf(self) -> None:
        while not self._dead.is_set():
            try:
                await self._dead.wait()
            except asyncio.CancelledError:
                continue

    async def abort(self, request_id: str) -> None:
        if request_id in self._running:
            self._running[request_id].set()

    def stats(self) -> BackendStats:
        fault = "the engine died" if self._dead.is_set() and not self.closed else None
        return BackendStats(
            running=len(self._running), generated_tokens=self.generated, fault=fault
        )

    async def close(self) -> None:
        self.closed = True
        if self.releases:
            self._dead.set()

    def die(self) -> None:
        """While nobody speaks."""
        self._dead.set()


def _tokens(prompt: Prompt, grammar: Grammar) -> Iterator[int]:
    draw = random.Random(repr(list(prompt.ids)))
    for index in itertools.count():
        yield draw.choice(grammar.legal(index)[0])
