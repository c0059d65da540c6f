"""Nothing in a figure lies on something else, and nothing is cut off."""

import itertools

import pytest

from plot_metrics.report import FIGURES
from tests.plot_metrics.answered import mixed, overloaded, refused, spoken
from tests.plot_metrics.sheets import sheet

LOGS = {
    "usual": mixed(22),
    "failed": [*overloaded(20, failed=8), spoken(20, stall=12.0)],
    "many": [
        refused(n, n % 22) if n % 11 == 0 else spoken(n, text=n % 22, stall=0.004 * n)
        for n in range(110)
    ],
}


def drawn_ticks(axis, coordinate):
    """Labels of ticks within the axis: the others are not drawn."""
    low, high = sorted(axis.get_view_interval())
    return [
        label for label in axis.get_ticklabels() if low <= label.get_position()[coordinate] <= high
    ]


def texts(drawing):
    found = [drawing._suptitle]
    for axes in drawing.axes:
        found += [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        found += drawn_ticks(axes.xaxis, 0) + drawn_ticks(axes.yaxis, 1)
        found += axes.get_legend().get_texts() if axes.get_legend() else []
    return [text for text in found if text.get_text() and text.get_visible()]


def laid_out(drawing):
    """The box of the figure, and each text with its own."""
    drawing.canvas.draw()
    renderer = drawing.canvas.get_renderer()
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts(drawing)]
    return drawing.bbox, boxes


@pytest.mark.parametrize("kind", LOGS)
@pytest.mark.parametrize("name", FIGURES)
def test_texts_do_not_overlap_and_stay_inside(name, kind, tmp_path, monkeypatch):
    whole, boxes = sheet(name, LOGS[kind], tmp_path, monkeypatch, laid_out)
    assert len(boxes) > 5
    for text, box in boxes:
        assert whole.x0 - 1 <= box.x0 < box.x1 <= whole.x1 + 1, f"{text!r} is cut off"
        assert whole.y0 - 1 <= box.y0 < box.y1 <= whole.y1 + 1, f"{text!r} is cut off"
    for (a, box), (b, other) in itertools.combinations(boxes, 2):
        assert not box.padded(-1).overlaps(other.padded(-1)), f"{a!r} lies on {b!r}"
