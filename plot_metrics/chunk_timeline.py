"""`chunk_timeline_analysis`: when chunks came, how far apart, and whether it stays that way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.runs.drift import drift
from benchmarks.runs.runlog import RunLog
from benchmarks.runs.summary import TTFA_LIMIT_MS
from plot_metrics import first_audio, silence, speed
from plot_metrics.answers import Answers, plural
from plot_metrics.canvas import (
    FAINT,
    LIMIT,
    STALL,
    STALL_GAP_MS,
    above,
    dot_size,
    figure,
    save,
    title,
    under,
)
from plot_metrics.first_audio import claim, first_audio_ms, span
from plot_metrics.in_order import in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from benchmarks.runs.runlog import Request


def draw(log: RunLog, folder: Path) -> Path:
    """Raises InputError for a log without a whole answer."""
    answers = Answers.to_draw(log)
    with figure(3, 2, 10.5) as (drawing, axes):
        _arrivals(axes[0, 0], answers.sound)
        _first(axes[1, 0], answers)
        _speed(axes[2, 0], answers)
        _gaps(axes[0, 1], answers.sound)
        _largest(axes[1, 1], answers)
        silence.panel(axes[2, 1], answers)
        title(drawing, answers.headline(silence.claim(answers), claim(answers)))
        return save(drawing, folder / "chunk_timeline_analysis.png")


def _arrivals(axes: Axes, lines: Sequence[Request]) -> None:
    """Audio received against time, from the first chunk: below the diagonal a player waits."""
    import matplotlib
    from matplotlib.collections import LineCollection

    # The light end of the map is too pale on white.
    colours = matplotlib.colormaps["viridis"](np.linspace(0, 0.85, len(lines)))
    stairs = [_stairs(line) for line in lines]
    axes.add_collection(LineCollection(stairs, colors=colours, alpha=0.8, linewidths=1.1))
    longest = max(float(stair[-1, 0]) for stair in stairs)
    axes.autoscale_view()
    axes.plot([], [], color=colours[0], label="first answer")
    axes.plot([], [], color=colours[-1], label="last")
    axes.plot(
        [0, longest],
        [0, longest],
        color=LIMIT,
        linestyle="--",
        linewidth=1.2,
        label="real time; below it: silence",
    )
    factors = [line.measures.stream_rtf for line in lines if line.measures.stream_rtf]
    axes.set_title("Audio received")
    if factors:
        axes.set_title(f"Audio comes {1 / np.median(factors):.1f} × as fast as it plays (median)")
    axes.set_xlabel("seconds since the first chunk")
    axes.set_ylabel("audio received (s)")
    above(axes)


def _stairs(line: Request) -> np.ndarray:
    """Corners, (seconds since the first chunk, seconds of audio)."""
    at = np.array([at for at, _ in line.chunks]) - line.chunks[0][0]
    audio = np.cumsum([0, *(samples for _, samples in line.chunks)]) / line.sample_rate
    return np.column_stack([np.repeat(at, 2), np.repeat(audio, 2)[1:-1]])


def _gaps(axes: Axes, lines: Sequence[Request]) -> None:
    times = np.array([at - line.chunks[0][0] for line in lines for at, _ in line.chunks[1:]])
    gaps = np.array([gap for line in lines for gap in line.measures.gaps_ms])
    over = gaps > STALL_GAP_MS
    size = dot_size(len(lines)) ** 2 / 2
    axes.scatter(times[~over], gaps[~over], c=FAINT, s=size)
    axes.scatter(times[over], gaps[over], c=LIMIT, s=size)
    under(axes, STALL_GAP_MS, STALL, gaps)
    axes.set_title(
        f"{over.sum()} of {plural(gaps.size, 'gap')} above {STALL_GAP_MS:.0f} ms"
        if over.any()
        else f"No gap between chunks above {STALL_GAP_MS:.0f} ms"
        if gaps.size
        else "No gaps: every answer is one chunk"
    )
    axes.set_xlabel("seconds since the first chunk")
    axes.set_ylabel("gap before the chunk (ms)")
    above(axes)


def _largest(axes: Axes, answers: Answers) -> None:
    gaps = [line.measures.max_gap_ms for line in answers.sound]
    in_order(axes, answers, [np.nan if gap is None else gap for gap in gaps], STALL_GAP_MS)
    known = [gap for gap in gaps if gap is not None]
    under(axes, STALL_GAP_MS, STALL, known)
    axes.set_title("Largest gap: every answer is one chunk")
    if known:
        axes.set_title(f"Largest gap of an answer: {max(known):.0f} ms")
    axes.set_ylabel("largest gap (ms)")
    above(axes)


def _first(axes: Axes, answers: Answers) -> None:
    first = [first_audio_ms(line) for line in answers.sound]
    in_order(axes, answers, first, TTFA_LIMIT_MS)
    first_audio.finish(axes, first)
    axes.set_title(_steady(answers))
    above(axes)


def _steady(answers: Answers) -> str:
    first = [first_audio_ms(line) for line in answers.sound]
    found = drift(first) if answers.one_text else None
    if found is None:
        return span(answers.sound)
    if found.drifted:
        return f"First audio drifts: {found.change:+.0%} between halves"
    return f"First audio does not drift ({found.change:+.0%}, p = {found.p:.2f})"


def _speed(axes: Axes, answers: Answers) -> None:
    values = speed.factors(answers.sound)
    in_order(axes, answers, values, speed.REAL_TIME)
    speed.finish(axes, values)
    axes.set_ylabel("time over audio,\nafter first audio")
    above(axes)
