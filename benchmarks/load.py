"""Ways to put load on a server: one after another, N at a time, or as callers arrive."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

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
    """Every prompt once, each after the one before has ended, on one connection.

    Raises BackendError when no server answers at the start."""
    exchanges: list[Exchange] = []
    async with endpoint.open() as connection:
        await connection.connect()
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
    each: int,
    stagger: float = 1.0,
    seen: Seen = _ignore,
) -> list[Exchange]:
    """`streams` callers, each asking again as soon as it has its answer. Starts are spread over
    `stagger` seconds. Texts go round the set, so that callers speak different ones.

    Judged are the first `each` requests of every caller after all have begun, and nobody stops
    before the last of those has ended: while any is under way, `streams` are. What is asked before
    and beside them is the edge of the load; it is judged only if it fails.

    Returns them in the order they were due. Raises BackendError when no server answers at the
    start; a caller who is refused later is a failed request.
    """
    texts = itertools.cycle(prompts)
    exchanges: list[Exchange] = []
    waiting = streams  # callers who have not begun
    owing = streams  # callers who have not had their judged answers

    async def caller(delay: float) -> None:
        nonlocal waiting, owing
        async with endpoint.open() as connection:
            await _try_to_connect(connection)
            await asyncio.sleep(delay)
            waiting -= 1
            judged = 0
            while owing:
                edge = waiting > 0 or judged == each
                exchange = await connection.speak(next(texts), voice, time.perf_counter())
                exchange.edge = edge and exchange.error is None
                exchanges.append(exchange)
                seen(exchange)
                if not edge:
                    judged += 1
                    owing -= judged == each

    async with endpoint.open() as probe:
        await probe.connect()
    async with asyncio.TaskGroup() as group:
        for delay in staggered(streams, stagger):
            group.create_task(caller(delay))
    return _by_schedule(exchanges)


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
    does; latency counts from the scheduled arrival. A refused connection is a failed request.
    Returns them in the order they were due."""
    begin = time.perf_counter() + _HEAD_START
    exchanges: list[Exchange] = []

    async def caller(prompt: Prompt, due: float) -> None:
        await _sleep_until(due - _HEAD_START)
        async with endpoint.open() as connection:
            await _try_to_connect(connection)
            await _sleep_until(due)
            exchange = await connection.speak(prompt, voice, due)
            exchanges.append(exchange)
            seen(exchange)

    async with asyncio.TaskGroup() as group:
        for prompt, offset in zip(
            itertools.cycle(prompts), poisson(rate, requests, seed), strict=False
        ):
            group.create_task(caller(prompt, begin + offset))
    return _by_schedule(exchanges)


async def _try_to_connect(connection: Connection) -> None:
    """Ahead of time. Where that fails, the first request tries again and says why."""
    with suppress(BackendError):
        await connection.connect()


def _by_schedule(exchanges: list[Exchange]) -> list[Exchange]:
    return sorted(exchanges, key=lambda exchange: exchange.scheduled)


async def _sleep_until(when: float) -> None:
    await asyncio.sleep(max(0.0, when - time.perf_counter()))
