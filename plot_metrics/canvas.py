"""What all figures share: the style, colours with a meaning, thresholds, and saving."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.runlog import Request, RunLog
from tensorrt_tts.errors import InputError, MissingDependencyError, OutputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LIMIT = "#C0392B"
"""Thresholds, and what is beyond them."""

FAINT = "#9aa0a6"
"""Individual values behind their summary."""

STALL_GAP_MS = 200.0
"""A gap between chunks above it is marked as a possible stall."""

REAL_TIME = 1.0
"""Real-time factor (time over audio) above which playback cannot keep up."""


@contextmanager
def figure(rows: int, columns: int, size: tuple[float, float]) -> Iterator[tuple[Figure, Any]]:
    """A figure and its axes (an array, row by row) in the style of the report.

    size: inches. Raises MissingDependencyError.
    """
    try:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise MissingDependencyError(
            "figures need matplotlib; pip install 'tensorrt-tts[bench]'"
        ) from error
    style = resources.files("plot_metrics").joinpath("report.mplstyle")
    with resources.as_file(style) as path, plt.style.context(str(path)):
        drawing, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
        try:
            yield drawing, axes
        finally:
            plt.close(drawing)


def save(drawing: Figure, path: Path) -> Path:
    """Raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        drawing.savefig(path)
    except OSError as error:
        raise OutputError(
            f"figure '{path}' cannot be written ({error.strerror}); choose another folder"
        ) from error
    return path


def threshold(axes: Axes, value: float, label: str, vertical: bool = False) -> None:
    """A dashed line across the axes, named in the legend."""
    draw = axes.axvline if vertical else axes.axhline
    draw(value, color=LIMIT, linestyle="--", linewidth=1.2, label=label, zorder=2.5)


def above(axes: Axes, columns: int = 3) -> None:
    """The legend between title and plot, where no data can lie under it."""
    handles, labels = axes.get_legend_handles_labels()
    # The same room everywhere: titles of neighbours stay on one line.
    axes.set_title(axes.get_title(loc="left"), loc="left", pad=24)
    if not handles:
        return
    axes.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=columns,
        borderaxespad=0.2,
        columnspacing=1.2,
        handlelength=1.6,
    )


def require_audio(log: RunLog) -> Sequence[Request]:
    """The measured requests that delivered audio.

    Raises InputError when there is none to draw.
    """
    if not log.measured:
        raise InputError(
            f"run log '{log.path}' holds no measured request with audio; its errors: "
            f"{sorted({line.error for line in log.requests if line.error}) or 'none'}"
        )
    return log.measured


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
