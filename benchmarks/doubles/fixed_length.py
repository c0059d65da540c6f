"""A backend whose answers all have one length, around a real one.

A model with random weights ends where chance has it. Measured streams should be equally long, so
the stop ids are taken out of the request, and reaching the length counts as ending by itself.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from tensorrt_tts.backends.base import Backend, BackendStats, Finish, Prompt, Sampling, TokenChunk


class FixedLength:
    """tokens: length of every answer, unless its sampling allows fewer."""

    def __init__(self, backend: Backend, tokens: int) -> None:
        self.name = f"{backend.name}-fixed-length"
        self.capacity = backend.capacity
        self._backend = backend
        self._tokens = tokens

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TokenChunk, None]:
        whole = sampling.max_tokens >= self._tokens
        length = min(self._tokens, sampling.max_tokens)
        grammar = replace(sampling.grammar, stops=())
        asked = replace(sampling, grammar=grammar, max_tokens=length)
        async with aclosing(self._backend.stream(prompt, asked, request_id)) as chunks:
            async for chunk in chunks:
                if whole and chunk.finish is Finish.LENGTH:
                    yield TokenChunk(chunk.ids, Finish.STOP)
                else:
                    yield chunk

    def stats(self) -> BackendStats:
        return self._backend.stats()

    async def close(self) -> None:
        await self._backend.close()
