"""A `base.Backend` that needs no model: legal tokens at a set rate, and every way to fail."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from tensorrt_tts.backends.admission import Admission
from tensorrt_tts.backends.base import (
    BackendStats,
    Capacity,
    Finish,
    Grammar,
    Prompt,
    Sampling,
    TokenChunk,
)
from tensorrt_tts.errors import BackendError


@dataclass
class Behaviour:
    """How the streams that begin from now on behave.

    frames: length of an utterance; 0 ends at once. rate: tokens a second, None for as fast as the
    loop turns. endless: never stops by itself (max_tokens still holds). hang_at, die_at, fail_at:
    token index before which it waits for ever, the engine dies, or this one request fails.
    deaf: does not stop when closed or cancelled, as an engine stuck in a kernel would.
    interval: ids in a chunk, as engines have it: the first id alone, and the last ones together
    with the finish.
    """

    frames: int = 20
    rate: float | None = None
    endless: bool = False
    hang_at: int | None = None
    die_at: int | None = None
    fail_at: int | None = None
    deaf: bool = False
    interval: int = 3


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
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._admission = Admission(self.name, self.capacity)

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncIterator[TokenChunk]:
        place = self._admission.admit(prompt, sampling, request_id)
        self.started.append(request_id)
        try:
            limit = min(sampling.max_tokens, place.room)
            async for chunk in self._chunks(self.behaviour, prompt, sampling.grammar, limit):
                if chunk.finish is not None:
                    self._admission.release(place)
                yield chunk
        finally:
            self._admission.release(place)
            self.ended.append(request_id)

    async def _chunks(
        self, how: Behaviour, prompt: Prompt, grammar: Grammar, limit: int
    ) -> AsyncIterator[TokenChunk]:
        """What is not handed over when the engine dies or the request fails is lost with it."""
        began = time.perf_counter()
        whole = len(grammar.prefix) + len(grammar.cycle) * how.frames if how.frames else 0
        length = limit if how.endless else min(limit, whole)
        finish = Finish.STOP if length < limit else Finish.LENGTH
        pending: list[int] = []
        for index, token in enumerate(_tokens(prompt, grammar)):
            if index == length or token in grammar.stops:
                yield TokenChunk(tuple(pending), finish if index == length else Finish.STOP)
                return
            if index == 1 or len(pending) == how.interval:
                yield TokenChunk(tuple(pending))
                pending = []
            if index == how.fail_at:
                raise BackendError("the engine refused this request")
            if index == how.die_at:
                self.die()
            if index == how.hang_at:
                await (self._hang_deaf() if how.deaf else self._over.wait())
            elif how.rate is not None:
                await asyncio.sleep(max(0.0, began + (index + 1) / how.rate - time.perf_counter()))
            else:
                await asyncio.sleep(0)
            if self._over.is_set():
                raise self._admission.over() or AssertionError("over for no reason")
            self.generated += 1
            pending.append(token)

    async def _hang_deaf(self) -> None:
        while not self._over.is_set():
            try:
                await self._over.wait()
            except asyncio.CancelledError:
                continue

    def stats(self) -> BackendStats:
        return BackendStats(
            running=self._admission.taken,
            generated_tokens=self.generated,
            fault=self._admission.fault,
        )

    async def close(self) -> None:
        self.closed = True
        self._admission.close()
        if self.releases:
            self._over.set()

    def die(self) -> None:
        """Also while nobody speaks."""
        self._admission.die("the engine died")
        self._over.set()


def _tokens(prompt: Prompt, grammar: Grammar) -> Iterator[int]:
    draw = random.Random(repr(list(prompt.ids)))
    for index in itertools.count():
        yield draw.choice(grammar.legal(index)[0])
