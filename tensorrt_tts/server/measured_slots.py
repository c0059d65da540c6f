"""How many streams this machine carries in real time, measured at the start.

Rounds of so many listeners at once, each for a second or two of audio. Of a stream that is heard
from its first chunk on, a round wants one number, its pace: seconds it took for each second of
speech, past what `benchmarks` counts as no silence yet. The number of listeners goes up to where
the pace would be the limit if it went on as between the last two rounds, then between the largest
that held and the smallest that did not.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tensorrt_tts.errors import EngineDiedError, SettingError, TTSError
from tensorrt_tts.speech import SpeechRequest

if TYPE_CHECKING:
    from tensorrt_tts.server.settings import ServerSettings
    from tensorrt_tts.synthesizer import Synthesizer

logger = logging.getLogger(__name__)

HEADROOM = 0.8
"""The pace up to which a round holds: the rest is for longer texts, later joiners and whatever else
this machine does."""

SILENCE_S = 0.1
"""So late a chunk may be, in all: C100 of benchmarks/README.md."""

HEARD_S = 1.5
"""Seconds of audio that each listener of a round takes at most."""

GROWTH = 4
"""A round has at most so many times the listeners of the one before: little of what slows many
streams down shows with few."""


@dataclass(frozen=True, slots=True)
class Round:
    """pace: of its slowest stream."""

    streams: int
    pace: float

    @property
    def held(self) -> bool:
        return self.pace <= HEADROOM


def held(rounds: Sequence[Round]) -> int:
    """Streams of the largest round that held, below any that did not; 0 where none did."""
    late = _late(rounds)
    return max((one.streams for one in rounds if one.streams < late), default=0)


def next_round(rounds: Sequence[Round], most: int) -> int | None:
    """How many listeners to try next, at most `most`. None: known to an eighth, which will do."""
    if not rounds:
        return 1
    low, late = held(rounds), _late(rounds)
    if late < math.inf:
        return (low + int(late)) // 2 if late - low > 1 + low // 8 else None
    if low >= most:
        return None
    before, last = [Round(0, 0.0), *rounds][-2:]
    per_stream = (last.pace - before.pace) / (last.streams - before.streams)
    room = (HEADROOM - last.pace) / per_stream if per_stream > 0 else math.inf
    return min(most, max(low + 1, int(low + min(room, (GROWTH - 1) * low))))


def _late(rounds: Sequence[Round]) -> float:
    """Streams of the smallest round that did not hold; infinite where all did."""
    return min((one.streams for one in rounds if not one.held), default=math.inf)


async def measured_slots(
    settings: ServerSettings,
    synthesizer: Synthesizer,
    clock: Callable[[], float] = time.perf_counter,
) -> int:
    """The slots to offer: those of the settings, else as many streams as were seen to hold, within
    `measure_s`. What is set and does not hold is warned of. clock: seconds, monotonic.

    Raises SettingError when there is neither a setting nor time to measure, and EngineDiedError.
    """
    asked = settings.slots
    if settings.measure_s == 0:
        if asked is None:
            raise SettingError("slots is not set and measure_s is 0; set --slots or --measure-s")
        return asked
    ends = clock() + settings.measure_s
    rounds: list[Round] = []
    most = synthesizer.backend.capacity.max_streams
    streams = next_round(rounds, most) if asked is None else asked
    while streams is not None and clock() < ends:
        pace = await _pace(synthesizer, settings.warmup_text, streams, clock, ends)
        if pace > HEADROOM and clock() < ends:
            # Once more: what else this machine did may have held it up for a moment.
            pace = await _pace(synthesizer, settings.warmup_text, streams, clock, ends)
        rounds.append(Round(streams, pace))
        streams = next_round(rounds, most) if asked is None else None
    told = ", ".join(f"{one.streams}: {one.pace:.2f}" for one in rounds)
    took = settings.measure_s - (ends - clock())
    logger.info("streams at once: seconds for each of speech: %s (in %.1f s)", told, took)
    if asked is not None:
        if not held(rounds):
            logger.warning(
                "slots %d is more than was measured: the slowest of so many streams took %.2f s "
                "for each second of speech; leave --slots out to offer what keeps up",
                asked,
                rounds[0].pace,
            )
        return asked
    if not held(rounds):
        logger.warning("not even one stream was seen to keep up with playback; slots is 1")
    return max(1, held(rounds))


async def _pace(
    synthesizer: Synthesizer,
    text: str,
    streams: int,
    clock: Callable[[], float],
    ends: float,
) -> float:
    """Of the slowest of so many listeners. One that is late ends the round. Infinite where it was
    not over at `ends`, which tells no more than that it did not hold."""
    listeners = [asyncio.create_task(_listen(synthesizer, text, clock)) for _ in range(streams)]
    slowest = 0.0
    try:
        async with asyncio.timeout(max(0.0, ends - clock())):
            for listener in asyncio.as_completed(listeners):
                slowest = max(slowest, await listener)
                if slowest > HEADROOM:
                    break
    except TimeoutError:
        return math.inf
    finally:
        for task in listeners:
            task.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)
    return slowest


async def _listen(synthesizer: Synthesizer, text: str, clock: Callable[[], float]) -> float:
    """Its pace: the largest there was before any chunk but the first; infinite where it failed."""
    began, heard_s, pace = 0.0, 0.0, 0.0
    plan = await synthesizer.prepare(SpeechRequest(text))
    try:
        async with synthesizer.start(plan) as stream:
            async for chunk in stream:
                if heard_s:
                    pace = max(pace, (clock() - began - SILENCE_S) / heard_s)
                else:
                    began = clock()
                heard_s += len(chunk.pcm) / synthesizer.sample_rate
                if heard_s >= HEARD_S or pace > HEADROOM:
                    break
    except EngineDiedError:
        raise
    except TTSError:
        return math.inf
    return pace
