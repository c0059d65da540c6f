"""Figures as objects, to be asked what is on them."""

from __future__ import annotations

from benchmarks.runs.runlog import read
from plot_metrics.report import FIGURES
from tests.benchmarks.runs.test_runlog import write


def sheet(name, lines, tmp_path, monkeypatch, look=lambda drawing: drawing):
    """What `look` makes of the named figure of a log of these lines, just before it is saved."""
    kept = []

    def save(drawing, path):
        kept.append(look(drawing))
        return path

    monkeypatch.setitem(FIGURES[name].__globals__, "save", save)
    FIGURES[name](read(write(tmp_path / "run.jsonl", lines)), tmp_path)
    return kept[0]


def headline(drawing):
    return drawing._suptitle.get_text().replace("\n", " ")


def titles(drawing):
    return [axes.get_title(loc="left") for axes in drawing.axes]


def crosses(axes):
    """Places of the marks of failed answers, (x, y)."""
    found = [line for line in axes.lines if line.get_marker() == "X"]
    return [point for line in found for point in zip(*line.get_data(), strict=True)]


def dots(axes):
    """Places of the marks of answers, (x, y), by x."""
    found = [line for line in axes.lines if line.get_marker() == "o"]
    return sorted(
        (float(x), float(y)) for line in found for x, y in zip(*line.get_data(), strict=True)
    )


def panel(drawing, label):
    """The axes whose vertical axis is called so."""
    return next(axes for axes in drawing.axes if axes.get_ylabel().startswith(label))
