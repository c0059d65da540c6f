"""Silence while an answer plays: how long, and against which limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.listener.player import LIMITS
from benchmarks.runs.runlog import Request
from plot_metrics.answers import Answers
from plot_metrics.canvas import above, threshold, upright
from plot_metrics.in_order import in_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LIMITS_MS = {f"C{1000 * limit:.0f}": 1000 * limit for limit in LIMITS}
"""By the name of the share of streams that stay within them."""

AUDIBLE_MS = 1000 * LIMITS[0]
"""Silence in all up to which nobody would call an answer interrupted; most have a few ms of it
behind their first chunk."""

_BEYOND = (500.0, 1e3, 1e4, 1e5, 1e6)
"""ms, labelled beyond the limits; the first only where nothing is longer."""

_STYLES = ("--", "-.", ":")


def silence_ms(line: Request) -> float | None:
    """In all, of a player with no prebuffer. None for an answer of one chunk: it cannot run dry and
    is no evidence."""
    underruns = line.measures.underruns_ms
    return underruns[0] if underruns else None


def claim(answers: Answers) -> str:
    """For the title: how many a listener would call interrupted."""
    judged = [line for line in answers.sound if silence_ms(line) is not None]
    if not judged:
        return "every answer came in one chunk"
    count = sum((silence_ms(line) or 0.0) > AUDIBLE_MS for line in judged)
    return f"{answers.share(count, judged)} fell silent for more than {AUDIBLE_MS:.0f} ms"


def panel(axes: Axes, answers: Answers) -> None:
    values = silences(answers.sound)
    in_order(axes, answers, values, AUDIBLE_MS)
    finish(axes, values)
    above(axes)


def silences(lines: Sequence[Request]) -> list[float]:
    """NaN where there is none to judge."""
    found = [silence_ms(line) for line in lines]
    return [math.nan if value is None else value for value in found]


def finish(axes: Axes, values: Sequence[float]) -> None:
    """Limits, title and name of the vertical axis, for a panel that holds these values."""
    known = [value for value in values if not math.isnan(value)]
    limits(axes, known)
    axes.set_title(
        f"Silence while playing: {max(known):.0f} ms at most"
        if known
        else "Silence: every answer is one chunk"
    )
    axes.set_ylabel("silence in all (ms)")


def limits(axes: Axes, values: Sequence[float], vertical: bool = False) -> None:
    """The three limits, on a scale that keeps them apart however long the silences are.

    vertical: values run along the horizontal axis, so limits are vertical lines.
    """
    from matplotlib.ticker import NullLocator

    for number, (name, limit) in enumerate(LIMITS_MS.items()):
        if vertical:
            upright(axes, limit, name, _STYLES[number], level=number % 2)
        else:
            threshold(axes, limit, name, style=_STYLES[number])
    widest, longest = max(LIMITS_MS.values()), max(values, default=0.0)
    ticks, top = [0.0, *LIMITS_MS.values()], 1.15 * widest
    if longest > widest:
        beyond = _BEYOND[1:] if longest > _BEYOND[0] else _BEYOND[:1]
        top = 1.1 * max(1.4 * longest, beyond[0])
        scale = axes.set_xscale if vertical else axes.set_yscale
        scale("symlog", linthresh=widest, linscale=1.5)
        # Along a narrow horizontal axis the labels of the lower limits would touch.
        ticks = [0.0, widest] if vertical else ticks
        ticks += [tick for tick in beyond if tick < top]
    labels = [f"{tick / 1000:.0f} s" if tick >= 1000 else f"{tick:.0f}" for tick in ticks]
    axis = axes.xaxis if vertical else axes.yaxis
    axis.set_ticks(ticks, labels)
    axis.set_minor_locator(NullLocator())
    (axes.set_xlim if vertical else axes.set_ylim)(0, top)
