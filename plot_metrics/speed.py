"""How fast an answer comes, after its first audio, against real time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.runs.runlog import Request
from plot_metrics.canvas import under

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REAL_TIME = 1.0
"""`stream_rtf` above which playback cannot keep up. `rtf` holds the wait for the first sample too
and says nothing about playback."""


def factors(lines: Sequence[Request]) -> np.ndarray:
    """NaN for an answer of one chunk."""
    return np.array([line.measures.stream_rtf for line in lines], dtype=np.float64)


def finish(axes: Axes, values: np.ndarray) -> None:
    """Limit and title, for a panel that holds these values."""
    known = values[~np.isnan(values)]
    under(axes, REAL_TIME, "real time: above it, playback runs dry", known)
    axes.set_title("Real-time factor: every answer is one chunk")
    if known.size:
        axes.set_title(f"Real-time factor: median {np.median(known):.2f}, worst {max(known):.2f}")
