"""`sweep_analysis`: what the length of the text does to duration, speed and first audio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.runs.runlog import RunLog
from benchmarks.runs.summary import TTFA_LIMIT_MS
from plot_metrics import first_audio, speed
from plot_metrics.answers import Answers
from plot_metrics.canvas import above, crosses, dots, figure, save, title
from plot_metrics.first_audio import first_audio_ms, span
from plot_metrics.silence import AUDIBLE_MS, finish, silences

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(log: RunLog, folder: Path) -> Path:
    """Raises InputError for a log without a whole answer."""
    answers = Answers.to_draw(log)
    with figure(2, 2, 7.6) as (drawing, axes):
        _duration(axes[0, 0], answers)
        _first(axes[0, 1], answers)
        _speed(axes[1, 0], answers)
        _silence(axes[1, 1], answers)
        for panel in axes.flat:
            crosses(panel, [line.characters for line in answers.lost], answers.lost_name)
            panel.set_xlim(left=0)
            panel.set_xlabel("text length (characters)")
            above(panel)
        title(drawing, _finding(answers))
        return save(drawing, folder / "sweep_analysis.png")


def _finding(answers: Answers) -> str:
    """Speed is that of what follows the first sample: the wait for it is said beside it."""
    claims = []
    judged = [line for line in answers.sound if line.measures.stream_rtf is not None]
    slow = sum((line.measures.stream_rtf or 0) > speed.REAL_TIME for line in judged)
    if slow:
        claims.append(f"{answers.share(slow, judged)} came slower than real time")
    elif judged:
        claims.append(f"{answers.share(len(judged), judged)} came faster than real time")
    first = np.median([first_audio_ms(line) for line in answers.sound])
    return answers.headline(*claims, f"first audio after {first:.0f} ms (median)")


def _lengths(answers: Answers) -> np.ndarray:
    return np.array([line.characters for line in answers.sound], dtype=np.float64)


def _duration(axes: Axes, answers: Answers) -> None:
    duration = [line.measures.audio_s for line in answers.sound]
    length = _lengths(answers)
    dots(axes, length, duration)
    axes.set_title("Duration of the speech")
    if np.unique(length).size > 1 and np.ptp(duration) > 0.01:
        slope, offset = np.polyfit(length, duration, 1)
        ends = np.array([length.min(), length.max()])
        label = f"fit: {1 / slope:.1f} characters/s" if slope > 0 else "fit"
        axes.plot(ends, slope * ends + offset, color="C1", label=label)
        correlation = float(np.corrcoef(length, duration)[0, 1])
        follows = "follows" if correlation >= 0.9 else "does not follow"
        axes.set_title(f"Duration {follows} text length (r = {correlation:.3f})")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("audio (s)")


def _speed(axes: Axes, answers: Answers) -> None:
    values = speed.factors(answers.sound)
    dots(axes, _lengths(answers), values, speed.REAL_TIME)
    speed.finish(axes, values)
    axes.set_ylabel("time over audio, after first audio")


def _first(axes: Axes, answers: Answers) -> None:
    first = np.array([first_audio_ms(line) for line in answers.sound])
    length = _lengths(answers)
    dots(axes, length, first, TTFA_LIMIT_MS)
    first_audio.finish(axes, first)
    axes.set_title(span(answers.sound))
    if answers.in_turn and np.unique(length).size > 1:
        slope = float(np.polyfit(length, first, 1)[0]) * 100
        axes.set_title(f"First audio: {slope:+.0f} ms per 100 characters")


def _silence(axes: Axes, answers: Answers) -> None:
    values = silences(answers.sound)
    dots(axes, _lengths(answers), values, AUDIBLE_MS)
    finish(axes, values)
