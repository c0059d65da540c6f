"""`chunk_timeline_analysis`: when chunks came, how far apart, and whether it stays that way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.drift import drift
from benchmarks.runlog import RunLog
from plot_metrics.canvas import (
    FAINT,
    LIMIT,
    REAL_TIME,
    STALL_GAP_MS,
    above,
    figure,
    plural,
    require_audio,
    save,
    threshold,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from benchmarks.runlog import Request


def draw(log: RunLog, folder: Path) -> Path:
    """Raises InputError for a log without audio."""
    lines = require_audio(log)
    with figure(2, 2, (13, 9)) as (drawing, axes):
        _arrivals(axes[0, 0], lines)
        _gaps(axes[0, 1], lines)
        _largest(axes[1, 0], lines)
        _stability(axes[1, 1], lines)
        drawing.suptitle(_finding(lines), x=0.01, ha="left")
        return save(drawing, folder / "chunk_timeline_analysis.png")


def _finding(lines: Sequence[Request]) -> str:
    stalled = sum(1 for line in lines if (line.measures.stalls or 0) > 0)
    count = plural(len(lines), "answer")
    if not stalled:
        return f"Audio always arrived before it was needed ({count})"
    return f"{stalled} of {count} kept a listener waiting at least once"


def _arrivals(axes: Axes, lines: Sequence[Request]) -> None:
    """Audio received against time, from the first chunk: below the diagonal a player waits."""
    import matplotlib

    colours = matplotlib.colormaps["viridis"]
    longest = 0.0
    for number, line in enumerate(lines):
        start = line.chunks[0][0]
        times, total, audio = [0.0], 0, [0.0]
        for at, samples in line.chunks:
            times += [at - start, at - start]
            audio += [total / 24000, (total + samples) / 24000]
            total += samples
        axes.plot(
            times,
            audio,
            color=colours(number / max(1, len(lines) - 1)),
            alpha=0.8,
            linewidth=1.1,
        )
        longest = max(longest, times[-1])
    axes.plot(
        [0, longest],
        [0, longest],
        color=LIMIT,
        linestyle="--",
        linewidth=1.2,
        label="real time: below it, a player waits",
    )
    axes.set_title("Audio received (dark: first answers, light: last)")
    axes.set_xlabel("seconds since the first chunk")
    axes.set_ylabel("seconds of audio received")
    above(axes)


def _gaps(axes: Axes, lines: Sequence[Request]) -> None:
    count = sum(gap > STALL_GAP_MS for line in lines for gap in line.measures.gaps_ms)
    for line in lines:
        times = [at - line.chunks[0][0] for at, _ in line.chunks[1:]]
        gaps = line.measures.gaps_ms
        colours = [LIMIT if gap > STALL_GAP_MS else FAINT for gap in gaps]
        axes.scatter(times, gaps, c=colours, s=12)
    threshold(axes, STALL_GAP_MS, f"{STALL_GAP_MS:.0f} ms: possible stall")
    axes.set_ylim(bottom=0)
    axes.set_title(f"{plural(count, 'gap')} between chunks above {STALL_GAP_MS:.0f} ms")
    axes.set_xlabel("seconds since the first chunk")
    axes.set_ylabel("gap before the chunk (ms)")
    above(axes)


def _largest(axes: Axes, lines: Sequence[Request]) -> None:
    largest = [line.measures.max_gap_ms or 0.0 for line in lines]
    numbers = range(1, len(lines) + 1)
    axes.bar(numbers, largest, color=[LIMIT if gap > STALL_GAP_MS else "C0" for gap in largest])
    threshold(axes, STALL_GAP_MS, f"{STALL_GAP_MS:.0f} ms: possible stall")
    axes.set_title(f"Largest gap of an answer: {max(largest):.0f} ms")
    axes.set_xlabel("answer, in the order they were asked for")
    axes.set_ylabel("largest gap (ms)")
    _whole_numbers(axes)
    above(axes)


def _stability(axes: Axes, lines: Sequence[Request]) -> None:
    numbers = list(range(1, len(lines) + 1))
    first = [line.measures.ttfa_ms or 0.0 for line in lines]
    factor = [line.measures.rtf or 0.0 for line in lines]
    right = axes.twinx()
    (a,) = axes.plot(numbers, first, "o-", color="C0", label="first audio (ms, left)")
    (b,) = right.plot(numbers, factor, "s-", color="C1", label="real-time factor (right)")
    line = right.axhline(
        REAL_TIME, color=LIMIT, linestyle="--", linewidth=1.2, label="real time (right)"
    )
    axes.set_ylim(0, 1.15 * max(first))
    right.set_ylim(0, 1.15 * max(REAL_TIME, *factor))
    right.grid(False)
    right.spines["right"].set_visible(True)
    axes.set_xlabel("answer, in the order they were asked for")
    axes.set_ylabel("time to first audio (ms)")
    right.set_ylabel("real-time factor (time over audio)")
    axes.set_title(_steady(lines, first), pad=24)
    axes.legend(
        handles=[a, b, line],
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=3,
        borderaxespad=0.2,
        columnspacing=1.0,
    )
    _whole_numbers(axes)


def _steady(lines: Sequence[Request], first: Sequence[float]) -> str:
    """Only a text that is repeated says whether the server drifts."""
    found = drift(first) if len({line.text for line in lines}) == 1 else None
    if found is None:
        return f"First audio after {min(first):.0f} to {max(first):.0f} ms"
    if found.drifted:
        return f"First audio drifts: {found.change:+.0%} from first to second half"
    return f"First audio does not drift ({found.change:+.0%}, p = {found.p:.2f})"


def _whole_numbers(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
