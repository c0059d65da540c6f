"""Ways to put load on a server: one after another, N at a time, or as callers arrive."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from benchmarks.arrivals import poisson, staggered
from benchmarks.exchange import Connection, Endpoint, Exchange
from benchmarks.prompts import Prompt
from tensorrt_tts.errors import BackendError

Seen = Callable[[Exchange], None]
"""Called with each exchange as it ends."""

_HEAD_START = 0.5
"""Seconds before its scheduled time at which an open-loop request opens its socket, so that the
handshake is not measured as the voice's."""


def _ignore(exchange: Exchange) -> None:
    pass


async def in_turn(
    endpoint: Endpoint, prompts: Sequence[Prompt], voice: str | None, seen: Seen = _ignore
) -> list[Exchange]:
    """Every prompt once, each after the one before has ended, on one connection."""
    exchanges: list[Exchange] = []
    async with endpoint.open() as connection:
        for prompt in prompts:
            exchange = await connection.speak(prompt, voice, time.perf_counter())
            exchanges.append(exchange)
            # In a thread: what is done with it must not make this client late for the next one.
            await asyncio.to_thread(seen, exchange)
    return exchanges


async def closed_loop(
    endpoint: Endpoint,
    prompts: Sequence[Prompt],
    voice: str | None,
    streams: int,
    requests: int,
    stagger: float = 1.0,
    seen: Seen = _ignore,
) -> list[Exchange]:
    """`streams` callers, each asking again as soon as it has its answer, until `requests` have been
    sent. Starts are spread over `stagger` seconds. Texts go round the set, so that callers speak
    different ones."""
    queue = iter(itertools.islice(itertools.cycle(prompts), requests))
    exchanges: list[Exchange] = []

    async def caller(delay: float) -> None:
        async with endpoint.open() as connection:
            await asyncio.sleep(delay)
            for prompt in queue:
                exchange = await connection.speak(prompt, voice, time.perf_counter())
                exchanges.append(exchange)
                seen(exchange)

    async with asyncio.TaskGroup() as group:
        for delay in staggered(streams, stagger):
            group.create_task(caller(delay))
    return exchanges


async def open_loop(
    endpoint: Endpoint,
    prompts: Sequence[Prompt],
    voice: str | None,
    rate: float,
    requests: int,
    seed: int,
    seen: Seen = _ignore,
) -> list[Exchange]:
    """`requests` callers who arrive as a Poisson process of `rate` a second, whatever the server
    does; latency counts from the scheduled arrival. A refused connection is a failed request."""
    begin = time.perf_counter() + _HEAD_START
    exchanges: list[Exchange] = []

    async def caller(prompt: Prompt, due: float) -> None:
        await _sleep_until(due - _HEAD_START)
        exchange = await _speak_at(endpoint.open(), prompt, voice, due)
        exchanges.append(exchange)
        seen(exchange)

    async with asyncio.TaskGroup() as group:
        for prompt, offset in zip(
            itertools.cycle(prompts), poisson(rate, requests, seed), strict=False
        ):
            group.create_task(caller(prompt, begin + offset))
    return sorted(exchanges, key=lambda exchange: exchange.scheduled)


async def _speak_at(
    opening: AbstractAsyncContextManager[Connection], prompt: Prompt, voice: str | None, due: float
) -> Exchange:
    try:
        async with opening as connection:
            await _sleep_until(due)
            return await connection.speak(prompt, voice, due)
    except BackendError as error:
        now = time.perf_counter()
        return Exchange(prompt, voice, due, now, closed=now, error=str(error))


async def _sleep_until(when: float) -> None:
    await asyncio.sleep(max(0.0, when - time.perf_counter()))
