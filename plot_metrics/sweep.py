"""`sweep_analysis`: what the length of the text does to duration, speed and first audio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.runlog import RunLog
from plot_metrics.canvas import REAL_TIME, above, figure, require_audio, save, threshold

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(log: RunLog, folder: Path) -> Path:
    """Raises InputError for a log without audio."""
    lines = require_audio(log)
    length = np.array([line.characters for line in lines], dtype=np.float64)
    duration = np.array([line.measures.audio_s for line in lines])
    factor = np.array([line.measures.rtf or np.nan for line in lines])
    first = np.array([line.measures.ttfa_ms or np.nan for line in lines])
    with figure(1, 3, (15, 4.8)) as (drawing, axes):
        _duration(axes[0, 0], length, duration)
        _speed(axes[0, 1], length, factor)
        _first(axes[0, 2], length, first)
        drawing.suptitle(_finding(factor, first), x=0.01, ha="left")
        return save(drawing, folder / "sweep_analysis.png")


def _finding(factor: np.ndarray, first: np.ndarray) -> str:
    slow = int(np.sum(factor > REAL_TIME))
    total = factor.size
    speed = (
        f"All {total} texts are spoken faster than real time"
        if not slow
        else f"{slow} of {total} texts are spoken slower than real time"
    )
    return f"{speed}; first audio after {np.nanmedian(first):.0f} ms (median)"


def _duration(axes: Axes, length: np.ndarray, duration: np.ndarray) -> None:
    axes.plot(length, duration, "o", color="C0", label="one text")
    axes.set_title("Duration of the speech")
    if np.unique(length).size > 1 and np.std(duration):
        slope, offset = np.polyfit(length, duration, 1)
        ends = np.array([length.min(), length.max()])
        axes.plot(ends, slope * ends + offset, color="C1", label=f"{1 / slope:.1f} characters/s")
        correlation = float(np.corrcoef(length, duration)[0, 1])
        axes.set_title(f"Duration follows text length (correlation {correlation:.3f})")
        if correlation < 0.9:
            axes.set_title(f"Duration does not follow text length ({correlation:.2f})")
    axes.set_xlabel("text length (characters)")
    axes.set_ylabel("audio (s)")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    above(axes)


def _speed(axes: Axes, length: np.ndarray, factor: np.ndarray) -> None:
    axes.plot(length, factor, "o", color="C0", label="one text")
    threshold(axes, REAL_TIME, "real time")
    axes.set_ylim(0, 1.15 * max(REAL_TIME, float(np.nanmax(factor))))
    axes.set_xlim(left=0)
    axes.set_title(f"Real-time factor: mean {np.nanmean(factor):.2f}, below 1 is faster")
    axes.set_xlabel("text length (characters)")
    axes.set_ylabel("real-time factor (time over audio)")
    above(axes)


def _first(axes: Axes, length: np.ndarray, first: np.ndarray) -> None:
    axes.plot(length, first, "o", color="C0")
    axes.set_ylim(0, 1.15 * float(np.nanmax(first)))
    axes.set_xlim(left=0)
    axes.set_title("First audio against text length")
    if np.unique(length).size > 1 and np.nanstd(first):
        slope = float(np.polyfit(length, first, 1)[0]) * 100
        axes.set_title(f"First audio: {slope:+.0f} ms per 100 characters of text")
    axes.set_xlabel("text length (characters)")
    axes.set_ylabel("time to first audio (ms)")
    above(axes)
