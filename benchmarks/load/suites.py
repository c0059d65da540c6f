"""What is asked of a server, suite by suite. A suite says what it sends; it measures nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.listener.exchange import Endpoint, Exchange
from benchmarks.load.loops import Seen, closed_loop, in_turn, open_loop
from benchmarks.prompts import Prompt, load, single_sentences
from tensorrt_tts.errors import SettingError

COLD_REQUESTS = 3
"""The first requests of a sweep are logged apart: a server's first answers are not its usual ones.
"""

_LENGTHS = (5, 13, 19, 21)
"""Which prompts of a set the text-length sweep speaks: one of each class, short to very long."""

_USUAL = 9
"""The prompt that is repeated when one text will do: a sentence of some 40 to 60 characters."""

Drive = Callable[[Endpoint, Seen], Awaitable[Sequence[Exchange]]]


@dataclass(frozen=True, slots=True)
class Suite:
    """name: of the suite and of its run log. workload: for the log. cold: how many of the requests
    that end first are logged as cold. total: how many requests will be judged or cold. live:
    whether requests may be interpreted as they end, which takes time from streams still being
    measured. streams: how many are to be under way at once, where that is what is asked.
    """

    name: str
    workload: dict[str, Any]
    total: int
    drive: Drive
    cold: int = 0
    live: bool = True
    streams: int | None = None


def iterations(language: str, voice: str | None, count: int, text: str | None = None) -> Suite:
    """One text `count` times in a row; also what drift is read from."""
    if count < 1:
        raise SettingError(f"count {count}: must be at least 1")
    prompt = load(language)[_USUAL]
    if text is not None:
        prompt = Prompt("text", text, language)
    return _sequence("iterations", [prompt] * count, language, voice)


def lengths(language: str, voice: str | None) -> Suite:
    """Four texts, short to very long."""
    prompts = load(language)
    return _sequence("lengths", [prompts[index] for index in _LENGTHS], language, voice)


def sweep(language: str, voice: str | None) -> Suite:
    """The comprehensive sweep: three cold requests, then all 22 texts."""
    prompts = load(language)
    sent = [*prompts[:COLD_REQUESTS], *prompts]
    return _sequence("sweep", sent, language, voice, cold=COLD_REQUESTS)


def closed(
    language: str,
    voice: str | None,
    streams: int,
    each: int,
    stagger: float = 1.0,
    one_sentence: bool = False,
) -> Suite:
    """`streams` callers who never wait; of each, `each` answers are judged. one_sentence: only the
    texts that the server speaks in one piece, so that a fixed length per piece is one per answer.
    """
    if streams < 1 or each < 1:
        raise SettingError(f"streams {streams}, each {each}: must both be at least 1")
    prompts = single_sentences(load(language)) if one_sentence else load(language)

    async def drive(endpoint: Endpoint, seen: Seen) -> Sequence[Exchange]:
        return await closed_loop(endpoint, prompts, voice, streams, each, stagger, seen)

    requests = streams * each
    workload = _workload("closed loop", prompts, language, requests) | {
        "streams": streams,
        "stagger_s": stagger,
    }
    return Suite(f"closed_{streams}", workload, requests, drive, live=False, streams=streams)


def poisson(
    language: str,
    voice: str | None,
    rate: float,
    requests: int,
    seed: int,
    one_sentence: bool = False,
) -> Suite:
    """`requests` callers who arrive at `rate` a second on average, whatever the server does.
    one_sentence: as of `closed`."""
    if requests < 1:
        raise SettingError(f"requests {requests}: must be at least 1")
    prompts = single_sentences(load(language)) if one_sentence else load(language)

    async def drive(endpoint: Endpoint, seen: Seen) -> Sequence[Exchange]:
        return await open_loop(endpoint, prompts, voice, rate, requests, seed, seen)

    workload = _workload("open loop", prompts, language, requests) | {"rate": rate, "seed": seed}
    return Suite(f"open_{rate:g}", workload, requests, drive, live=False)


def _sequence(
    name: str, prompts: Sequence[Prompt], language: str, voice: str | None, cold: int = 0
) -> Suite:
    async def drive(endpoint: Endpoint, seen: Seen) -> Sequence[Exchange]:
        return await in_turn(endpoint, prompts, voice, seen)

    workload = _workload("one after another", prompts, language, len(prompts))
    return Suite(name, workload, len(prompts), drive, cold)


def _workload(loop: str, prompts: Sequence[Prompt], language: str, requests: int) -> dict[str, Any]:
    sizes = [prompt.characters for prompt in prompts]
    return {
        "loop": loop,
        "requests": requests,
        "language": language,
        "distinct_texts": len({prompt.text for prompt in prompts}),
        "characters": [min(sizes), max(sizes)],
    }
