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


@dataclass(slots=True)
class _Stream:
    grammar: Grammar
    source: random.Random
    left: int
    sent: int = 0
    ready: asyncio.Queue[TokenChunk] = field(default_factory=asyncio.Queue)


class EngineDouble:
    """rate: tokens a second for every stream, whatever their number. tokens: length of every
    answer, unless its sampling allows fewer. late_s: by how much its worst step was late."""

    name = "engine-double"

    def __init__(
        self, rate: float = REAL_TIME, tokens: int = SLOTS * 117, max_streams: int = 4096
    ) -> None:
        if rate <= 0:
            raise SettingError(f"rate {rate}: must be above 0 tokens a second")
        self.capacity = Capacity(max_streams, 1 << 20)
        self.late_s = 0.0
        self._step_s = 1 / rate
        self._tokens = tokens
        self._running: dict[str, _Stream] = {}
        self._loop: asyncio.Task[None] | None = None
        self._generated = 0

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TokenChunk, None]:
        if request_id in self._running:
            raise SettingError(f"request id {request_id!r} is in flight already; choose another")
        if not sampling.grammar.cycle:
            raise SettingError(
                "the engine double draws from legal ids; give a grammar with a cycle"
            )
        length = min(self._tokens, sampling.max_tokens)
        stream = _Stream(sampling.grammar, random.Random(sampling.seed), length)
        self._running[request_id] = stream
        if self._loop is None or self._loop.done():
            self._loop = asyncio.create_task(self._steps(), name="engine-double")
        try:
            while True:
                chunk = await stream.ready.get()
                yield chunk
                if chunk.finish is not None:
                    return
        finally:
            self._running.pop(request_id, None)

    async def _steps(self) -> None:
        """Ends by itself when nothing runs, so that an idle engine costs nothing."""
        due = time.perf_counter()
        while self._running:
            for stream in list(self._running.values()):
                self._step(stream)
            due += self._step_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            self.late_s = max(self.late_s, time.perf_counter() - due)

    def _step(self, stream: _Stream) -> None:
        if stream.left == 0:
            return
        token = stream.source.choice(stream.grammar.legal(stream.sent)[0])
        stream.sent += 1
        stream.left -= 1
        self._generated += 1
        finish = Finish.STOP if stream.left == 0 else None
        stream.ready.put_nowait(TokenChunk((token,), finish))

    async def abort(self, request_id: str) -> None:
        stream = self._running.get(request_id)
        if stream is not None and stream.left:
            stream.left = 0
            stream.ready.put_nowait(TokenChunk((), Finish.ABORT))

    def stats(self) -> BackendStats:
        return BackendStats(
            running=len(self._running),
            generated_tokens=self._generated,
            extra={"worst_step_late_s": self.late_s},
        )

    async def close(self) -> None:
        for request_id in list(self._running):
            await self.abort(request_id)
        if self._loop is not None:
            self._loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loop
