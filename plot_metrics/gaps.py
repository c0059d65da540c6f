"""`gap_analysis`: the gaps between chunks of every answer, shortest text first."""

from __future__ import annotations

from pathlib import Path

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


def draw(log: RunLog, folder: Path) -> Path:
    """Raises InputError for a log in which no answer has two chunks."""
    lines = sorted(require_audio(log), key=lambda line: (line.characters, line.index))
    lines = [line for line in lines if line.measures.gaps_ms]
    if not lines:
        raise InputError(f"run log '{log.path}' has no gaps: every answer came in one chunk")
    with figure(1, 1, (13, 5.2)) as (drawing, grid):
        axes = grid[0, 0]
        for place, line in enumerate(lines):
            gaps = line.measures.gaps_ms
            count = len(gaps)
            # Spread over the column in order of arrival: early gaps on the left.
            across = [place - 0.3 + 0.6 * (n + 0.5) / count for n in range(count)]
            colours = [LIMIT if gap > STALL_GAP_MS else FAINT for gap in gaps]
            axes.scatter(across, gaps, c=colours, s=10)
            axes.hlines(line.measures.mean_gap_ms or 0, place - 0.35, place + 0.35, color="C0")
        axes.plot([], [], color="C0", label="mean of the answer")
        axes.plot([], [], ".", color=FAINT, label="one gap; early ones on the left")
        threshold(axes, STALL_GAP_MS, f"{STALL_GAP_MS:.0f} ms: possible stall")
        axes.set_xticks(range(len(lines)), [str(line.characters) for line in lines])
        if len(lines) > 30:
            axes.set_xticks(range(0, len(lines), len(lines) // 15 + 1))
        axes.set_ylim(bottom=0)
        over = [line for line in lines if (line.measures.max_gap_ms or 0) > STALL_GAP_MS]
        axes.set_title(
            f"{len(over)} of {plural(len(lines), 'answer')} had a gap above {STALL_GAP_MS:.0f} ms"
            if over
            else f"No gap above {STALL_GAP_MS:.0f} ms in {plural(len(lines), 'answer')}"
        )
        axes.set_xlabel("text length (characters), one column per answer")
        axes.set_ylabel("gap between chunks (ms)")
        above(axes)
        return save(drawing, folder / "gap_analysis.png")
