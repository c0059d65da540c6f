"""A stand-in for an engine that is exactly as fast as it says: what is left is the host's own cost.

It is a documented `Backend`, for measuring only. Like a real engine it has one step loop for all
streams: every `1 / rate` seconds each running stream gets one token. The tokens are legal audio ids
drawn from the stream's seed; they sound like noise and cost the host what speech would. It computes
nothing, so a step costs what handing out its tokens costs and no more; a step that comes late is
not made up for by leaving tokens out, the streams fall behind, as they would.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from tensorrt_tts.backends.admission import Admission, Place
from tensorrt_tts.backends.base import (
    BackendStats,
    Capacity,
    Finish,
    Grammar,
    Prompt,
    Sampling,
    TokenChunk,
)
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ
from tensorrt_tts.errors import SettingError
from tensorrt_tts.families.orpheus.tokens import SLOTS

_SNAC = SNAC_24KHZ.context()

REAL_TIME = _SNAC.sample_rate / _SNAC.samples_per_frame * SLOTS
"""Tokens a second of one real-time stream of Orpheus: 82.03."""


@dataclass(slots=True, eq=False)
class _Stream:
    place: Place
    grammar: Grammar
    source: random.Random
    # Ids of the whole answer, and what its end is called.
    length: int
    finish: Finish
    # Ids drawn so far, and those of them that fill no chunk yet.
    drawn: int = 0
    pending: list[int] = field(default_factory=list)
    # What the stream waits at.
    ready: asyncio.Queue[TokenChunk | Exception] = field(default_factory=asyncio.Queue)


class EngineDouble:
    """rate: tokens a second for every stream, whatever their number. tokens: length of every
    answer, unless its sampling allows fewer. stream_interval: ids in a chunk, one of which wakes
    the host's task; the last chunk has the rest. late_s: by how much its worst step was late."""

    name = "engine-double"

    def __init__(
        self,
        rate: float = REAL_TIME,
        tokens: int = SLOTS * 117,
        max_streams: int = 4096,
        stream_interval: int = 1,
    ) -> None:
        if rate <= 0:
            raise SettingError(f"rate {rate}: must be above 0 tokens a second")
        self.capacity = Capacity(max_streams, 1 << 20)
        self.late_s = 0.0
        self._step_s = 1 / rate
        self._tokens = tokens
        self._stream_interval = stream_interval
        self._admission = Admission(self.name, self.capacity, _check)
        self._running: set[_Stream] = set()
        self._loop: asyncio.Task[None] | None = None
        self._generated = 0

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TokenChunk, None]:
        place = self._admission.admit(prompt, sampling, request_id)
        limit = min(sampling.max_tokens, place.room)
        stream = _Stream(
            place,
            sampling.grammar,
            random.Random(sampling.seed),
            length=min(self._tokens, limit),
            finish=Finish.STOP if self._tokens <= limit else Finish.LENGTH,
        )
        self._running.add(stream)
        if self._loop is None or self._loop.done():
            self._loop = asyncio.create_task(self._steps(), name="engine-double")
        try:
            while True:
                item = await stream.ready.get()
                if isinstance(item, Exception):
                    raise item
                yield item
                if item.finish is not None:
                    return
        finally:
            self._end(stream)

    async def _steps(self) -> None:
        """Ends by itself when nothing runs, so that an idle engine costs nothing."""
        due = time.perf_counter()
        while self._running:
            for stream in list(self._running):
                self._step(stream)
            due += self._step_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            self.late_s = max(self.late_s, time.perf_counter() - due)

    def _step(self, stream: _Stream) -> None:
        token = stream.source.choice(stream.grammar.legal(stream.drawn)[0])
        finish = None
        if token in stream.grammar.stops:
            finish = Finish.STOP
        else:
            stream.drawn += 1
            stream.pending.append(token)
            self._generated += 1
            if stream.drawn == stream.length:
                finish = stream.finish
        if finish is not None or len(stream.pending) >= self._stream_interval:
            stream.ready.put_nowait(TokenChunk(tuple(stream.pending), finish))
            stream.pending.clear()
        if finish is not None:
            self._end(stream)

    def _end(self, stream: _Stream) -> None:
        self._running.discard(stream)
        self._admission.release(stream.place)

    def stats(self) -> BackendStats:
        return BackendStats(
            running=self._admission.taken,
            generated_tokens=self._generated,
            fault=self._admission.fault,
            extra={"worst_step_late_s": self.late_s},
        )

    async def close(self) -> None:
        closed = self._admission.close()
        for stream in list(self._running):
            stream.ready.put_nowait(closed)
            self._end(stream)
        if self._loop is not None:
            self._loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loop


def _check(prompt: Prompt, sampling: Sampling) -> None:
    if not sampling.grammar.cycle:
        raise SettingError("the engine double draws from legal ids; give a grammar with a cycle")
