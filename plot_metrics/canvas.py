"""What all figures share: the style, colours with a meaning, thresholds, and saving."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorrt_tts.errors import needs
from tensorrt_tts.files import writing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 10.0
"""Inches of every figure: at the 900 pixels of a README its smallest text is 11 pixels high."""

LIMIT = "#D55E00"
"""Thresholds, and what is beyond them."""

FAINT = "#80868b"
"""Individual values behind their summary."""

STALL_GAP_MS = 200.0
"""A gap between chunks above it is marked as a possible stall."""

STALL = f"{STALL_GAP_MS:.0f} ms: possible stall"

_TITLE_CHARACTERS = 100
"""Of a line of the title."""


@contextmanager
def figure(rows: int, columns: int, height: float) -> Iterator[tuple[Figure, Any]]:
    """A figure and its axes (an array, row by row) in the style of the report.

    height: inches. Raises MissingDependencyError.
    """
    with needs("figures need matplotlib; pip install 'tensorrt-tts[bench]'"):
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt
    style = resources.files("plot_metrics").joinpath("report.mplstyle")
    with resources.as_file(style) as path, plt.style.context(str(path)):
        drawing, axes = plt.subplots(rows, columns, figsize=(WIDTH, height), squeeze=False)
        try:
            yield drawing, axes
        finally:
            plt.close(drawing)


def save(drawing: Figure, path: Path) -> Path:
    """Raises OutputError."""
    with writing(path, "choose another folder", "figure"):
        drawing.savefig(path)
    return path


def title(drawing: Figure, text: str) -> None:
    """What the figure found, over all of its panels. A long one breaks between its claims."""
    lines = [""]
    for claim in text.split("; "):
        longer = f"{lines[-1]}; {claim}" if lines[-1] else claim
        if len(longer) <= _TITLE_CHARACTERS:
            lines[-1] = longer
        else:
            lines[-1] += ";"
            lines.append(claim)
    drawing.suptitle("\n".join(lines), x=0.01, ha="left")


def threshold(
    axes: Axes, value: float, label: str, vertical: bool = False, style: str = "--"
) -> None:
    """A broken line across the axes, named in the legend."""
    draw = axes.axvline if vertical else axes.axhline
    draw(value, color=LIMIT, linestyle=style, linewidth=1.2, label=label, zorder=2.5)


def under(axes: Axes, limit: float, label: str, values: Iterable[float]) -> None:
    """A threshold, on a panel from 0 up that has room for it and for all values."""
    threshold(axes, limit, label)
    axes.set_ylim(0, 1.15 * max([limit, *values]))


def upright(axes: Axes, value: float, label: str, style: str = "--", level: int = 0) -> None:
    """A vertical threshold named at its top, where a panel is too narrow for a legend.

    level: lines of text above the panel, so that neighbours don't touch.
    """
    axes.axvline(value, color=LIMIT, linestyle=style, linewidth=1.2, zorder=2.5)
    axes.annotate(
        label,
        (value, 1.0),
        xycoords=axes.get_xaxis_transform(),
        xytext=(0, 2 + 10 * level),
        textcoords="offset points",
        ha="center",
        fontsize=8.5,
        color=LIMIT,
        in_layout=False,  # `above` leaves the room; counted, a label at the edge narrows the panel
    )


def crosses(
    axes: Axes, places: Sequence[float], label: str | None = None, vertical: bool = False
) -> None:
    """Marks at the axis for answers that failed or gave no audio: they have no value to draw.

    vertical: the places are along the vertical axis.
    """
    if not places:
        return
    zeros = [0.0] * len(places)
    x, y = (zeros, places) if vertical else (places, zeros)
    axes.plot(
        x,
        y,
        linestyle="none",
        marker="X",
        color=LIMIT,
        markersize=1.6 * dot_size(len(places)),
        markeredgecolor="white",
        markeredgewidth=0.2 * dot_size(len(places)),
        clip_on=False,
        zorder=5,
        label=label,
        transform=axes.get_yaxis_transform() if vertical else axes.get_xaxis_transform(),
    )


def dots(
    axes: Axes,
    across: Sequence[float] | np.ndarray,
    values: Sequence[float] | np.ndarray,
    limit: float = float("inf"),
) -> None:
    """One an answer, coloured when over the limit. NaN values are left out."""
    x, y = np.asarray(across), np.asarray(values)
    size = dot_size(y.size)
    for chosen, colour in ((y <= limit, "C0"), (y > limit, LIMIT)):
        if chosen.any():  # Nothing, unclipped, would leave the layout without a size.
            axes.plot(
                x[chosen],
                y[chosen],
                "o",
                color=colour,
                markersize=size,
                clip_on=False,  # a dot at 0 is whole
            )


def dot_size(count: int) -> float:
    """Points across, of one of so many dots."""
    return 5.0 if count <= 60 else 2.5


def above(axes: Axes, columns: int = 0) -> None:
    """The legend between title and plot, where no data can lie under it; 0: all in one line."""
    handles, labels = axes.get_legend_handles_labels()
    if name := axes.get_title(loc="left"):
        # The same room everywhere: titles of neighbours stay on one line.
        axes.set_title(name, loc="left", pad=24)
    if not handles:
        return
    axes.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=columns or len(labels),
        borderaxespad=0.2,
        columnspacing=1.0,
        handlelength=1.5,
    )
