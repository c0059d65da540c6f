"""`per_prompt_breakdown`: every answer with its own numbers; failures and faults marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.runs.runlog import RunLog
from benchmarks.runs.summary import TTFA_LIMIT_MS
from plot_metrics import first_audio, silence
from plot_metrics.answers import Answers
from plot_metrics.canvas import (
    LIMIT,
    STALL_GAP_MS,
    above,
    crosses,
    figure,
    save,
    title,
    upright,
)
from plot_metrics.first_audio import first_audio_ms
from plot_metrics.rows import Row, Rows
from plot_metrics.silence import AUDIBLE_MS, limits, silence_ms
from plot_metrics.speed import REAL_TIME

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from benchmarks.runs.runlog import Request


def draw(log: RunLog, folder: Path) -> Path:
    """Raises InputError for a log without a whole answer."""
    answers = Answers.to_draw(log)
    shown = Rows.of(answers)
    found = shown.every
    with figure(1, 4, 2.0 + 0.24 * len(found)) as (drawing, grid):
        axes = grid[0]
        for panel in axes:
            panel.grid(axis="y", visible=False)
            panel.set_yticks(range(len(found)), [""] * len(found))
            panel.tick_params(axis="y", length=0)
            panel.set_ylim(len(found) - 0.4, -0.6)
            crosses(panel, [place for place, row in enumerate(found) if row.lost], vertical=True)
        axes[0].tick_params(axis="y", pad=8)
        axes[0].set_yticks(range(len(found)), [row.label for row in found])
        _first_audio(axes[0], found)
        _speed(axes[1], found)
        _largest_gap(axes[2], found)
        _silence(axes[3], found)
        title(drawing, _finding(answers, shown))
        return save(drawing, folder / "per_prompt_breakdown.png")


def _finding(answers: Answers, shown: Rows) -> str:
    faulty = sum(bool(line.faults) for line in answers.sound)
    text = answers.headline(
        silence.claim(answers),
        first_audio.claim(answers),
        f"{faulty} came with faults (!)" if faulty else "none came with faults",
        mark=" (✗)",
    )
    marks = ("bars: median, lines: worst",) if any(len(r.sound) > 1 for r in shown.every) else ()
    return "; ".join((text, *shown.notes, *marks))


def _bars(
    axes: Axes, found: Sequence[Row], value: Callable[[Request], float | None], limit: float
) -> list[float]:
    """A bar to the median and, for several answers, a line to the worst. Returns the worst."""
    places = np.arange(len(found))
    worst = [row.worst(value) for row in found]
    middle = [row.median(value) for row in found]
    axes.barh(places, middle, color=[LIMIT if top > limit else "C0" for top in middle], height=0.7)
    several = [place for place, row in enumerate(found) if len(row.sound) > 1]
    axes.hlines(
        several,
        [middle[place] for place in several],
        [worst[place] for place in several],
        color=[LIMIT if worst[place] > limit else "C0" for place in several],
        linewidth=1.4,
    )
    return worst


def _first_audio(axes: Axes, found: Sequence[Row]) -> None:
    worst = _bars(axes, found, first_audio_ms, TTFA_LIMIT_MS)
    first = np.array([row.median(first_audio_ms) for row in found])
    onset = np.array([row.median(lambda line: line.measures.onset_ms) for row in found])
    axes.barh(
        range(len(found)),
        np.maximum(0.0, onset - first),
        left=first,
        color="C4",
        height=0.7,
        zorder=0.9,
    )
    upright(axes, TTFA_LIMIT_MS, f"{TTFA_LIMIT_MS:.0f} ms")
    axes.set_xlim(0, 1.1 * max(TTFA_LIMIT_MS, *worst, *onset))
    axes.set_title("First audio")
    axes.set_xlabel("ms since the request;\nlight: until audible")
    above(axes)


def _speed(axes: Axes, found: Sequence[Row]) -> None:
    worst = _bars(axes, found, lambda line: line.measures.stream_rtf, REAL_TIME)
    upright(axes, REAL_TIME, "real time")
    axes.set_xlim(0, 1.1 * max(REAL_TIME, *worst))
    axes.set_title("Real-time factor")
    axes.set_xlabel("time over audio,\nafter first audio")
    above(axes)


def _largest_gap(axes: Axes, found: Sequence[Row]) -> None:
    worst = _bars(axes, found, lambda line: line.measures.max_gap_ms, STALL_GAP_MS)
    upright(axes, STALL_GAP_MS, f"{STALL_GAP_MS:.0f} ms")
    axes.set_xlim(0, 1.1 * max(STALL_GAP_MS, *worst))
    axes.set_title("Largest gap")
    axes.set_xlabel("ms between chunks")
    above(axes)


def _silence(axes: Axes, found: Sequence[Row]) -> None:
    worst = _bars(axes, found, silence_ms, AUDIBLE_MS)
    limits(axes, worst, vertical=True)
    axes.set_title("Silence while playing")
    axes.set_xlabel("ms in all,\nno prebuffer")
    above(axes)
