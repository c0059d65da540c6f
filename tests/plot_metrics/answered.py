"""Request lines of whole, refused, torn and stalled answers, for figures to be drawn from."""

from __future__ import annotations

import numpy as np

from benchmarks.listener.exchange import Exchange
from benchmarks.listener.integrity import Fault
from benchmarks.listener.measures import measure, timeline
from benchmarks.prompts import Prompt
from benchmarks.runs.runlog import Request
from tests.benchmarks.exchanges import FRAME_S, request

FRAMES = 12


def prompt(number: int) -> Prompt:
    """Texts of growing length, with markup that must stay text."""
    return Prompt(f"en-{number:02}", "Hello <b>you</b>. " * (number + 1), "en")


def spoken(
    index: int,
    *,
    text: int | None = None,
    first: float = 0.1,
    pace: float = 0.9,
    stall: float = 0.0,
    frames: int = FRAMES,
) -> Request:
    """A whole answer. text: which prompt, its own by default. pace: of its chunks, over real time.
    stall: seconds in its middle."""
    arrivals = [
        first + k * FRAME_S * pace + (stall if k >= frames // 2 else 0.0) for k in range(frames)
    ]
    return request(index, arrivals=arrivals, prompt=prompt(index if text is None else text))


def refused(index: int, text: int | None = None) -> Request:
    """An answer without a single chunk."""
    asked = prompt(index if text is None else text)
    exchange = Exchange(asked, None, 0.0, 0.001, closed=0.01, error="busy: the queue is full")
    events = timeline(exchange)
    return spoken(index, text=text).model_copy(
        update={
            "chunks": (),
            "ended": 0.01,
            "error": exchange.error,
            "server": None,
            "measures": measure(exchange, events),
            "faults": (Fault.FAILED,),
        }
    )


def torn(index: int, text: int | None = None) -> Request:
    """An answer that spoke, fell silent for a second, and then failed."""
    line = spoken(index, text=text, stall=1.0)
    return line.model_copy(update={"error": "the connection was lost", "faults": (Fault.FAILED,)})


def mixed(count: int = 6) -> list[Request]:
    """Texts of growing length; the fourth answer stalls."""
    return [spoken(n, stall=0.4 if n == 3 else 0.0) for n in range(count)]


def overloaded(count: int = 22, failed: int = 10) -> list[Request]:
    """The last `failed` requests are refused; the others wait longer and longer, yet play well."""
    random = np.random.default_rng(0)
    return [
        refused(n)
        if n >= count - failed
        else spoken(n, first=0.2 + 0.2 * n, pace=0.7 + 0.1 * random.random())
        for n in range(count)
    ]
