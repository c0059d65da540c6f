"""Ways to put load on a server: one after another, N at a time, or as callers arrive."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence

from benchmarks.listener.exchange import Connection, Endpoint, Exchange
from benchmarks.load.arrivals import poisson, staggered
from benchmarks.load.patience import Patience
from benchmarks.prompts import Prompt
from tensorrt_tts.errors import BackendError, CapacityError

Seen = Callable[[Exchange], None]
"""Called with each exchange as it ends."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits so many seconds."""

_HEAD_START = 0.5
"""Seconds before its scheduled time at which an open-loop request opens its socket, so that the
handshake is not measured as the voice's."""


def _ignore(exchange: Exchange) -> None:
    pass


async def in_turn(
    endpoint: Endpoint,
    prompts: Sequence[Prompt],
    voice: str | None,
    seen: Seen = _ignore,
    sleep: Sleep = asyncio.sleep,
) -> list[Exchange]:
    """Every prompt once, each after the one before has ended, on one connection. A request that
    fails is not repeated; the next one waits as `Patience` says. Ends early when it gives up.

    Raises BackendError when no server answers at the start, CapacityError when one keeps refusing
    there."""
    exchanges: list[Exchange] = []
    patience = Patience()
    async with endpoint.open() as connection:
        await _reach(connection, patience, sleep)
        for prompt in prompts:
            exchange = await connection.speak(prompt, voice, time.perf_counter())
            exchanges.append(exchange)
            # In a thread: what is done with it must not make this client late for the next one.
            await asyncio.to_thread(seen, exchange)
            pause = patience.after(exchange)
            if pause is None:
                break
            if prompt is not prompts[-1]:
                await sleep(pause)
    return exchanges


async def closed_loop(
    endpoint: Endpoint,
    prompts: Sequence[Prompt],
    voice: str | None,
    streams: int,
    each: int,
    stagger: float = 1.0,
    seen: Seen = _ignore,
    sleep: Sleep = asyncio.sleep,
) -> list[Exchange]:
    """`streams` callers, each asking again as soon as it has its answer. Starts are spread over
    `stagger` seconds. Texts go round the set, so that callers speak different ones.

    Judged are the first `each` requests of every caller after all have begun, and nobody stops
    before the last of those has ended: while any is under way, `streams` are. What is asked before
    and beside them is the edge of the load; it is judged only if it fails. A caller whose request
    failed waits as `Patience` says, and one that was refused too often in a row leaves.

    Returns them in the order they were due. Raises BackendError when no server answers at the
    start, CapacityError when it keeps refusing there; a caller who is refused later is a failed
    request.
    """
    texts = itertools.cycle(prompts)
    exchanges: list[Exchange] = []
    waiting = streams  # callers who have not begun
    owing = streams  # callers who have not had their judged answers
    over = asyncio.Event()  # nobody owes any

    async def pause(seconds: float) -> None:
        """Until then, or until there is nothing to come back for."""
        waits = [asyncio.ensure_future(one) for one in (sleep(seconds), over.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    async def caller(number: int, delay: float) -> None:
        nonlocal waiting, owing
        patience = Patience(number)
        judged = 0
        owes = True
        async with endpoint.open() as connection:
            await pause(max(delay, await _try_to_connect(connection, patience)))
            waiting -= 1
            while owing:
                edge = waiting > 0 or judged == each
                exchange = await connection.speak(next(texts), voice, time.perf_counter())
                exchange.edge = edge and exchange.error is None
                exchanges.append(exchange)
                seen(exchange)
                judged += not edge
                rest = patience.after(exchange)
                if owes and (judged == each or rest is None):
                    owes = False
                    owing -= 1
                    if not owing:
                        over.set()
                if rest is None:
                    return
                if rest:
                    await pause(rest)

    async with endpoint.open() as probe:
        await _reach(probe, Patience(), sleep)
    async with asyncio.TaskGroup() as group:
        for number, delay in enumerate(staggered(streams, stagger)):
            group.create_task(caller(number, delay))
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
    does; latency counts from the scheduled arrival. A refused one is a failed request, and nobody
    comes back.
    Returns them in the order they were due."""
    begin = time.perf_counter() + _HEAD_START
    exchanges: list[Exchange] = []

    async def caller(prompt: Prompt, due: float) -> None:
        await _sleep_until(due - _HEAD_START)
        async with endpoint.open() as connection:
            await _try_to_connect(connection, Patience())
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


async def _reach(connection: Connection, patience: Patience, sleep: Sleep) -> None:
    """Connect, waiting out a server that takes no more just now. Raises what `connect` raises."""
    while True:
        try:
            return await connection.connect()
        except CapacityError as error:
            pause = patience.refused(error.retry_after)
            if pause is None:
                raise
        await sleep(pause)


async def _try_to_connect(connection: Connection, patience: Patience) -> float:
    """Ahead of time. Where that fails, the first request tries again and says why; seconds that it
    should wait for that."""
    try:
        await connection.connect()
    except CapacityError as error:
        return patience.refused(error.retry_after) or 0.0
    except BackendError:
        pass
    return 0.0


def _by_schedule(exchanges: list[Exchange]) -> list[Exchange]:
    return sorted(exchanges, key=lambda exchange: exchange.scheduled)


async def _sleep_until(when: float) -> None:
    await asyncio.sleep(max(0.0, when - time.perf_counter()))
