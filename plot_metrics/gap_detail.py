"""`gap_analysis_detailed`: how gaps between chunks are distributed, and whether that changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.runs.runlog import RunLog
from plot_metrics import silence
from plot_metrics.answers import Answers
from plot_metrics.canvas import (
    FAINT,
    STALL,
    STALL_GAP_MS,
    above,
    figure,
    save,
    threshold,
    title,
    under,
)
from tensorrt_tts.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WINDOW = 20
"""Gaps in the rolling mean."""


def draw(log: RunLog, folder: Path) -> Path:
    """Raises InputError for a log in which no answer has two chunks."""
    answers = Answers.to_draw(log)
    times, gaps = timed_gaps(answers)
    if not gaps.size:
        raise InputError(f"run log '{log.path}' has no gaps: every answer came in one chunk")
    p95, p99 = np.percentile(gaps, (95, 99))
    with figure(2, 2, 7.6) as (drawing, axes):
        _histogram(axes[0, 0], gaps)
        _cumulative(axes[0, 1], gaps, float(p95), float(p99))
        silence.panel(axes[1, 0], answers)
        _trend(axes[1, 1], times, gaps, answers.one_text)
        found = (
            f"99 % of {gaps.size} gaps between chunks are within {p99:.0f} ms, "
            f"the longest is {gaps.max():.0f} ms"
        )
        title(drawing, answers.headline(silence.claim(answers), found))
        return save(drawing, folder / "gap_analysis_detailed.png")


def timed_gaps(answers: Answers) -> tuple[np.ndarray, np.ndarray]:
    """(seconds since the run began at which a gap ended, its ms), as they occurred: streams that
    run side by side take turns."""
    pairs = sorted(
        (line.scheduled + at, gap)
        for line in answers.sound
        for (at, _), gap in zip(line.chunks[1:], line.measures.gaps_ms, strict=True)
    )
    return np.array([at for at, _ in pairs]), np.array([gap for _, gap in pairs])


def _histogram(axes: Axes, gaps: np.ndarray) -> None:
    axes.hist(gaps, bins=list(np.linspace(0, max(STALL_GAP_MS, gaps.max()), 61)), color="C0")
    axes.axvline(
        float(np.median(gaps)), color="C1", label=f"median {np.median(gaps):.0f} ms", linewidth=1.6
    )
    threshold(axes, STALL_GAP_MS, STALL, vertical=True)
    axes.set_xlim(0, 1.06 * max(STALL_GAP_MS, gaps.max()))
    axes.set_title("Nine gaps in ten are within twice the median")
    if np.percentile(gaps, 90) > 2 * np.median(gaps):
        axes.set_title("Gaps are spread: 1 in 10 over twice the median")
    axes.set_xlabel("gap between chunks (ms)")
    axes.set_ylabel("number of gaps")
    above(axes)


def _cumulative(axes: Axes, gaps: np.ndarray, p95: float, p99: float) -> None:
    ordered = np.sort(gaps)
    axes.step(ordered, 100 * np.arange(1, gaps.size + 1) / gaps.size, where="post", color="C0")
    axes.axvline(p95, color="C2", linestyle=":", label=f"p95 {p95:.0f} ms")
    axes.axvline(p99, color="C3", linestyle="-.", label=f"p99 {p99:.0f} ms")
    threshold(axes, STALL_GAP_MS, f"{STALL_GAP_MS:.0f} ms", vertical=True)
    axes.set_xlim(0, 1.06 * max(STALL_GAP_MS, gaps.max()))
    within = int(np.sum(gaps <= STALL_GAP_MS))
    axes.set_ylim(0, 103)
    # Counted, as a share would round up to all of them.
    count = "All" if within == gaps.size else f"{within} of {gaps.size}"
    axes.set_title(f"{count} gaps are within {STALL_GAP_MS:.0f} ms")
    axes.set_xlabel("gap between chunks (ms)")
    axes.set_ylabel("gaps up to this long (%)")
    above(axes)


def _trend(axes: Axes, times: np.ndarray, gaps: np.ndarray, one_text: bool) -> None:
    window = min(_WINDOW, gaps.size)
    rolling = np.convolve(gaps, np.ones(window) / window, mode="valid")
    axes.plot(times, gaps, ".", color=FAINT, markersize=3, label="each gap")
    axes.plot(times[window - 1 :], rolling, color="C0", label=f"mean of {window}")
    under(axes, STALL_GAP_MS, STALL, gaps)
    axes.set_title(_change(gaps, rolling, one_text))
    axes.set_xlabel("seconds since the run began")
    axes.set_ylabel("gap between chunks (ms)")
    above(axes)


def _change(gaps: np.ndarray, rolling: np.ndarray, one_text: bool) -> str:
    """Halves of a mix of texts differ by their texts: only a repeated one shows a change."""
    half = gaps.size // 2
    if not one_text or not half:
        return f"Mean of {_WINDOW} gaps: {rolling.min():.0f} to {rolling.max():.0f} ms"
    before, after = float(np.median(gaps[:half])), float(np.median(gaps[-half:]))
    change = after / before - 1 if before else 0.0
    return f"Median gap, second half against first: {change:+.0%}"
