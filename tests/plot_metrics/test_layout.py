"""Nothing in a figure lies on something else, and nothing is cut off."""

import itertools

import pytest

from benchmarks.runlog import read
from plot_metrics import canvas
from plot_metrics.report import FIGURES
from tests.benchmarks.test_runlog import write
from tests.plot_metrics.test_report import lines


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return read(write(tmp_path_factory.mktemp("log") / "sweep.jsonl", lines(22)))


def drawn_ticks(axis, coordinate):
    """Labels of ticks within the axis: the others are not drawn, nor are those of an axis that is
    not (the second horizontal one, where two share a plot)."""
    if not axis.get_visible():
        return []
    low, high = sorted(axis.get_view_interval())
    return [
        label for label in axis.get_ticklabels() if low <= label.get_position()[coordinate] <= high
    ]


@pytest.mark.parametrize("name", FIGURES)
def test_texts_do_not_overlap_and_stay_inside(name, log, tmp_path, monkeypatch):
    kept = []

    def save(drawing, path):
        drawing.canvas.draw()
        renderer = drawing.canvas.get_renderer()
        texts = [drawing._suptitle] if drawing._suptitle else []
        for axes in drawing.axes:
            texts += [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]
            texts += drawn_ticks(axes.xaxis, 0) + drawn_ticks(axes.yaxis, 1)
            texts += axes.get_legend().get_texts() if axes.get_legend() else []
        boxes = [
            (text.get_text(), text.get_window_extent(renderer))
            for text in texts
            if text.get_text() and text.get_visible()
        ]
        kept.append((drawing.bbox, boxes))
        return path

    module = FIGURES[name].__globals__
    monkeypatch.setitem(module, "save", save)
    FIGURES[name](log, tmp_path)
    assert canvas.save is not save
    whole, boxes = kept[0]
    assert len(boxes) > 5
    for text, box in boxes:
        assert whole.x0 - 1 <= box.x0 < box.x1 <= whole.x1 + 1, f"{text!r} is cut off"
    for (a, box), (b, other) in itertools.combinations(boxes, 2):
        assert not box.padded(-1).overlaps(other.padded(-1)), f"{a!r} lies on {b!r}"
