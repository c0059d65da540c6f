"""`per_prompt_breakdown`: every answer with its own numbers, faults marked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.player import LIMITS
from benchmarks.runlog import RunLog
from plot_metrics.canvas import LIMIT, REAL_TIME, above, figure, require_audio, save, threshold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from benchmarks.runlog import Request

_C100_MS = LIMITS[1] * 1000


def draw(log: RunLog, folder: Path) -> Path:
    """Raises InputError for a log without audio."""
    lines = require_audio(log)
    height = 1.8 + 0.28 * len(lines)
    with figure(1, 4, (15, height)) as (drawing, grid):
        axes = grid[0]
        places = np.arange(len(lines))
        for panel in axes:
            panel.invert_yaxis()
            panel.grid(axis="y", visible=False)
            panel.set_yticks(places, [""] * len(lines))
            panel.set_ylim(len(lines) - 0.4, -0.6)
        axes[0].set_yticks(places, [_label(line) for line in lines])
        _first_audio(axes[0], places, lines)
        _speed(axes[1], places, lines)
        _largest_gap(axes[2], places, lines)
        _underrun(axes[3], places, lines)
        drawing.suptitle(_finding(lines), x=0.01, ha="left")
        return save(drawing, folder / "per_prompt_breakdown.png")


def _label(line: Request) -> str:
    """Texts are left out: no font has every script, and the report's table has them."""
    mark = " ✗" if line.faults else ""
    return f"{line.prompt}, {line.characters} chars{mark}"


def _finding(lines: Sequence[Request]) -> str:
    faulty = [line for line in lines if line.faults]
    waited = [line for line in lines if _silence(line) > _C100_MS]
    parts = [
        f"{len(faulty)} of {len(lines)} answers are faulty (✗)"
        if faulty
        else f"All {len(lines)} answers are whole",
        f"{len(waited)} fell silent for more than {_C100_MS:.0f} ms"
        if waited
        else f"none fell silent for more than {_C100_MS:.0f} ms",
    ]
    return "; ".join(parts)


def _silence(line: Request) -> float:
    underruns = line.measures.underruns_ms
    return underruns[0] if underruns else 0.0


def _first_audio(axes: Axes, places: np.ndarray, lines: Sequence[Request]) -> None:
    first = [line.measures.ttfa_ms or 0.0 for line in lines]
    onset = [
        max(0.0, (line.measures.onset_ms or 0.0) - start)
        for line, start in zip(lines, first, strict=True)
    ]
    axes.barh(places, first, color="C0", label="first audio")
    axes.barh(places, onset, left=first, color="C0", alpha=0.35, label="until audible")
    axes.set_title("First audio")
    axes.set_xlabel("ms since the request")
    above(axes)


def _speed(axes: Axes, places: np.ndarray, lines: Sequence[Request]) -> None:
    factor = [line.measures.rtf or 0.0 for line in lines]
    axes.barh(places, factor, color=[LIMIT if f > REAL_TIME else "C2" for f in factor])
    threshold(axes, REAL_TIME, "real time", vertical=True)
    axes.set_xlim(0, 1.1 * max(REAL_TIME, *factor))
    axes.set_title("Real-time factor")
    axes.set_xlabel("time over audio")
    above(axes)


def _largest_gap(axes: Axes, places: np.ndarray, lines: Sequence[Request]) -> None:
    gaps = [line.measures.max_gap_ms or 0.0 for line in lines]
    axes.barh(places, gaps, color="C4")
    axes.set_title("Largest gap")
    axes.set_xlabel("ms between two chunks")
    above(axes)


def _underrun(axes: Axes, places: np.ndarray, lines: Sequence[Request]) -> None:
    silence = [_silence(line) for line in lines]
    axes.barh(places, silence, color=[LIMIT if s > _C100_MS else "C2" for s in silence])
    threshold(axes, _C100_MS, f"C100: {_C100_MS:.0f} ms", vertical=True)
    axes.set_xlim(0, 1.1 * max(1.2 * _C100_MS, *silence))
    axes.set_title("Silence while playing")
    axes.set_xlabel("ms in all, no prebuffer")
    above(axes)
