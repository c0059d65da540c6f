"""`gap_analysis_detailed`: how gaps between chunks are distributed, and whether that changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.runlog import RunLog
from plot_metrics.canvas import (
    FAINT,
    LIMIT,
    STALL_GAP_MS,
    above,
    figure,
    plural,
    require_audio,
    save,
    threshold,
)
from tensorrt_tts.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from benchmarks.runlog import Request

_WINDOW = 20
"""Gaps in the rolling mean."""


def draw(log: RunLog, folder: Path) -> Path:
    """Raises InputError for a log in which no answer has two chunks."""
    lines = require_audio(log)
    gaps = np.array([gap for line in lines for gap in line.measures.gaps_ms])
    if not gaps.size:
        raise InputError(f"run log '{log.path}' has no gaps: every answer came in one chunk")
    p95, p99 = np.percentile(gaps, (95, 99))
    with figure(2, 2, (13, 9)) as (drawing, axes):
        _histogram(axes[0, 0], gaps)
        _cumulative(axes[0, 1], gaps, float(p95), float(p99))
        _stalls(axes[1, 0], lines)
        _trend(axes[1, 1], gaps)
        drawing.suptitle(
            f"99 % of {gaps.size} gaps between chunks are shorter than {p99:.0f} ms; "
            f"the longest is {gaps.max():.0f} ms",
            x=0.01,
            ha="left",
        )
        return save(drawing, folder / "gap_analysis_detailed.png")


def _histogram(axes: Axes, gaps: np.ndarray) -> None:
    axes.hist(gaps, bins=min(60, max(10, gaps.size // 8)), color="C0")
    threshold(axes, STALL_GAP_MS, f"{STALL_GAP_MS:.0f} ms: possible stall", vertical=True)
    axes.axvline(
        float(np.median(gaps)), color="C1", label=f"median {np.median(gaps):.0f} ms", linewidth=1.4
    )
    axes.set_title("Most gaps are near the median")
    if np.percentile(gaps, 90) > 2 * np.median(gaps):
        axes.set_title("Gaps are spread: one in ten is over twice the median")
    axes.set_xlabel("gap between chunks (ms)")
    axes.set_ylabel("gaps")
    above(axes)


def _cumulative(axes: Axes, gaps: np.ndarray, p95: float, p99: float) -> None:
    ordered = np.sort(gaps)
    axes.step(ordered, 100 * np.arange(1, gaps.size + 1) / gaps.size, where="post", color="C0")
    axes.axvline(p95, color="C2", linestyle=":", label=f"p95 {p95:.0f} ms")
    axes.axvline(p99, color="C3", linestyle=":", label=f"p99 {p99:.0f} ms")
    threshold(axes, STALL_GAP_MS, f"{STALL_GAP_MS:.0f} ms: possible stall", vertical=True)
    share = float(np.mean(gaps <= STALL_GAP_MS))
    axes.set_ylim(0, 103)
    axes.set_title(f"{share:.1%} of gaps are within {STALL_GAP_MS:.0f} ms")
    axes.set_xlabel("gap between chunks (ms)")
    axes.set_ylabel("gaps up to this long (%)")
    above(axes)


def _stalls(axes: Axes, lines: Sequence[Request]) -> None:
    """What a listener would notice, which a long gap alone is not: audio may have been ahead."""
    from matplotlib.ticker import MaxNLocator

    numbers = range(1, len(lines) + 1)
    stalls = [line.measures.stalls or 0 for line in lines]
    axes.bar(numbers, stalls, color=LIMIT)
    axes.set_ylim(0, max(1, *stalls) * 1.15)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    total = sum(stalls)
    axes.set_title(
        f"Playback was interrupted {plural(total, 'time')}" if total else "No playback interruption"
    )
    axes.set_xlabel("answer, in the order they were asked for")
    axes.set_ylabel("interruptions (no prebuffer)")
    above(axes)


def _trend(axes: Axes, gaps: np.ndarray) -> None:
    window = min(_WINDOW, gaps.size)
    rolling = np.convolve(gaps, np.ones(window) / window, mode="valid")
    positions = np.arange(window, gaps.size + 1)
    axes.plot(np.arange(1, gaps.size + 1), gaps, ".", color=FAINT, markersize=3, label="each gap")
    axes.plot(positions, rolling, color="C0", label=f"mean of the last {window}")
    threshold(axes, STALL_GAP_MS, f"{STALL_GAP_MS:.0f} ms: possible stall")
    axes.set_ylim(bottom=0)
    half = max(1, gaps.size // 2)
    before, after = float(np.median(gaps[:half])), float(np.median(gaps[-half:]))
    change = after / before - 1 if before else 0.0
    axes.set_title(f"Median gap, second half against first: {change:+.0%}")
    axes.set_xlabel("gap, in the order they occurred")
    axes.set_ylabel("gap between chunks (ms)")
    above(axes)
