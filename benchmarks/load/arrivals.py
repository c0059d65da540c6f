"""When requests of a load run are due. Pure and seeded: the same run can be repeated."""

from __future__ import annotations

import random

from tensorrt_tts.errors import SettingError


def poisson(rate: float, count: int, seed: int) -> list[float]:
    """Arrival times in seconds of `count` requests at `rate` per second on average, the first at 0.

    Independent exponential gaps: an open loop, in which a slow server does not slow the callers.
    """
    if rate <= 0:
        raise SettingError(f"rate {rate}: must be above 0 requests a second")
    source = random.Random(seed)
    times = [0.0]
    while len(times) < count:
        times.append(times[-1] + source.expovariate(rate))
    return times[:count]


def staggered(streams: int, over: float) -> list[float]:
    """Start times of the streams of a closed loop, spread evenly over `over` seconds: streams that
    start together stay together and measure a burst, not a load."""
    return [over * index / streams for index in range(streams)]
