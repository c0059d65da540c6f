"""First audio of an answer, and how many came late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.runs.runlog import Request
from benchmarks.runs.summary import TTFA_LIMIT_MS
from plot_metrics.answers import Answers
from plot_metrics.canvas import under

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def first_audio_ms(line: Request) -> float:
    """Of an answer with audio, from when it was due."""
    return 1000 * line.chunks[0][0]


def finish(axes: Axes, values: Sequence[float] | np.ndarray) -> None:
    """Limit and name of the vertical axis, for a panel that holds these values."""
    under(axes, TTFA_LIMIT_MS, f"limit {TTFA_LIMIT_MS:.0f} ms", values)
    axes.set_ylabel("time to first audio (ms)")


def span(lines: Sequence[Request]) -> str:
    """For the title of a panel."""
    least, most = (f"{edge(map(first_audio_ms, lines)):.0f}" for edge in (min, max))
    return f"First audio after {least if least == most else f'{least} to {most}'} ms"


def claim(answers: Answers) -> str:
    """For the title, after another claim: how many began late."""
    late = sum(first_audio_ms(line) > TTFA_LIMIT_MS for line in answers.sound)
    return f"{late or 'none'} began later than {TTFA_LIMIT_MS:.0f} ms"
