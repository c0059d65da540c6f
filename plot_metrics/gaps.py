"""`gap_analysis`: the gaps between chunks of every answer, shortest text first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.runs.runlog import RunLog
from plot_metrics.answers import Answers
from plot_metrics.canvas import (
    FAINT,
    LIMIT,
    STALL,
    STALL_GAP_MS,
    above,
    crosses,
    figure,
    save,
    threshold,
    title,
)
from plot_metrics.rows import Row, Rows
from tensorrt_tts.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(log: RunLog, folder: Path) -> Path:
    """Raises InputError for a log in which no answer has two chunks."""
    answers = Answers.to_draw(log)
    if not any(line.measures.gaps_ms for line in answers.sound):
        raise InputError(f"run log '{log.path}' has no gaps: every answer came in one chunk")
    found = Rows.of(answers)
    columns = found.by_length
    with figure(1, 1, 4.6) as (drawing, grid):
        axes = grid[0, 0]
        for place, column in enumerate(columns):
            _column(axes, place, column)
        axes.plot([], [], color="C0", label="mean of the column")
        axes.plot([], [], ".", color=FAINT, label="one gap; early ones on the left")
        threshold(axes, STALL_GAP_MS, STALL)
        crosses(
            axes, [place for place, column in enumerate(columns) if column.lost], answers.lost_name
        )
        each = "answer" if found.prompts is None else "prompt"
        axes.set_xlabel(f"text length (characters), one column per {each}")
        labels = [str(column.lines[0].characters) for column in columns]
        if answers.one_text and found.prompts is None:
            axes.set_xlabel("answer, in the order they were asked for")
            labels = [str(place + 1) for place in range(len(columns))]
        step = (len(columns) - 1) // 22 + 1
        axes.set_xticks(range(0, len(columns), step), labels[::step])
        axes.set_xlim(-0.6, len(columns) - 0.4)
        longest = max(line.measures.max_gap_ms or 0.0 for line in answers.sound)
        axes.set_ylim(0, 1.15 * max(STALL_GAP_MS, longest))
        axes.set_ylabel("gap between chunks (ms)")
        above(axes)
        title(drawing, "; ".join((answers.headline(_claim(answers)), *found.notes)))
        return save(drawing, folder / "gap_analysis.png")


def _claim(answers: Answers) -> str:
    judged = [line for line in answers.sound if line.measures.gaps_ms]
    over = sum((line.measures.max_gap_ms or 0) > STALL_GAP_MS for line in judged)
    return f"{answers.share(over, judged)} had a gap above {STALL_GAP_MS:.0f} ms"


def _column(axes: Axes, place: int, column: Row) -> None:
    """Gaps are spread over the width of the column by when, in their answer, they came."""
    gaps = np.array([gap for line in column.sound for gap in line.measures.gaps_ms])
    if not gaps.size:
        return
    across = [
        place - 0.3 + 0.6 * (number + 0.5) / len(line.measures.gaps_ms)
        for line in column.sound
        for number in range(len(line.measures.gaps_ms))
    ]
    colours = [LIMIT if gap > STALL_GAP_MS else FAINT for gap in gaps]
    axes.scatter(across, gaps, c=colours, s=10 if len(column.lines) == 1 else 4)
    axes.hlines(float(gaps.mean()), place - 0.35, place + 0.35, color="C0")
