"""A panel with a value of each answer, in the order in which they were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from plot_metrics.answers import Answers
from plot_metrics.canvas import crosses, dots

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def in_order(
    axes: Axes, answers: Answers, values: Sequence[float] | np.ndarray, limit: float
) -> None:
    """A dot for each of `answers.sound`, coloured when over the limit; a cross for each lost one.

    values: of `answers.sound`; NaN is not drawn.
    """
    from matplotlib.ticker import MaxNLocator

    places = {line.index: place for place, line in enumerate(answers.every, 1)}
    across = [places[line.index] for line in answers.sound]
    if len(across) <= 60:  # More would be a solid block.
        axes.vlines(across, 0, values, color="C0", alpha=0.35, lw=1)
    dots(axes, across, values, limit)
    crosses(axes, [places[line.index] for line in answers.lost], answers.lost_name)
    axes.set_xlim(0.4, len(places) + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("answer, in the order they were asked for")
