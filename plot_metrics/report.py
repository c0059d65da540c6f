"""One self-contained HTML page of a run: what it found, every figure, every answer to listen to."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from benchmarks.runs.distribution import Distribution
from benchmarks.runs.observer import Observer
from benchmarks.runs.runlog import Request, RunLog, Score, read
from plot_metrics import chunk_timeline, gap_detail, gaps, per_prompt, sweep, waterfall
from plot_metrics.answers import Answers
from plot_metrics.audio_clip import as_data_url
from plot_metrics.judgement import judge
from plot_metrics.silence import silence_ms
from tensorrt_tts.errors import needs
from tensorrt_tts.files import writing

Draw = Callable[[RunLog, Path], Path]

FIGURES: dict[str, Draw] = {
    "chunk_timeline_analysis": chunk_timeline.draw,
    "gap_analysis_detailed": gap_detail.draw,
    "sweep_analysis": sweep.draw,
    "gap_analysis": gaps.draw,
    "per_prompt_breakdown": per_prompt.draw,
    "latency_waterfall": waterfall.draw,
}
"""By file name, in the order of the report."""

ROWS = (
    ("ttfa_ms", "First audio (ms)"),
    ("onset_ms", "Audible onset (ms)"),
    ("ttft_ms", "First token, by the server (ms)"),
    ("stream_rtf", "Real-time factor after first audio"),
    ("rtf", "Real-time factor including the wait"),
    ("gap_ms", "Gap between chunks (ms)"),
    ("underrun_ms", "Silence while playing (ms)"),
    ("wer", "Word error rate"),
    ("mos", "DistillMOS (1 to 5)"),
)
"""Distributions of the summary table, and what they are called there."""


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A row of the table of answers. number: as the figures count, None for one that is not judged.
    audio: data URL, None when it was not kept."""

    number: int | None
    line: Request
    score: Score | None
    audio: str | None
    silence_ms: float | None


def draw_all(log_path: Path, folder: Path) -> list[Path]:
    """Every figure that this log has something for, then the report. Returns their paths.

    Raises InputError for a file that is no run log.
    """
    log = read(log_path)
    paths = [FIGURES[name](log, folder) for name in chosen(log)]
    return [*paths, write_report(log, paths, folder / f"{log_path.stem}_report.html")]


def chosen(log: RunLog) -> list[str]:
    """Names of the figures that this log has something for: none when every request failed."""
    answers = Answers.of(log)
    if not answers.sound:
        return []
    left_out = set()
    if not any(line.measures.gaps_ms for line in answers.sound):
        left_out |= {"gap_analysis", "gap_analysis_detailed"}
    if len({line.text for line in answers.sound}) < 2:
        left_out |= {"sweep_analysis"}
    return [name for name in FIGURES if name not in left_out]


def write_report(log: RunLog, figures: Sequence[Path], path: Path) -> Path:
    """Raises MissingDependencyError, OutputError."""
    with needs("the report needs Jinja2; pip install 'tensorrt-tts[bench]'"):
        from jinja2 import Environment, StrictUndefined
    source = resources.files("plot_metrics").joinpath("report.html").read_text(encoding="utf-8")
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(source)
    page = template.render(
        log=log,
        run=log.run,
        summary=log.summary,
        judgement=judge(log.summary) if log.summary else None,
        rows=summary_rows(log),
        figures=[Figure(figure.stem, _image_url(figure)) for figure in figures],
        answers=answers(log),
    )
    with writing(path, "choose another folder", "report"):
        path.write_text(page, encoding="utf-8")
    return path


def summary_rows(log: RunLog) -> list[tuple[str, Distribution]]:
    """What was measured of `ROWS`, in their order."""
    if log.summary is None:
        return []
    found = log.summary.distributions
    return [(label, found[name]) for name, label in ROWS if name in found]


def answers(log: RunLog) -> list[Answer]:
    """Measured and others, as they were asked for."""
    numbers = {line.index: number for number, line in enumerate(Answers.of(log).every, 1)}
    lines = sorted(log.requests, key=lambda line: (line.scheduled, line.index))
    return [
        Answer(
            number=numbers.get(line.index),
            line=line,
            score=log.scores.get(line.index),
            audio=Observer(f"audio of {line.prompt}", "see the file itself").call(
                _audio, log, line
            ),
            silence_ms=silence_ms(line),
        )
        for line in lines
    ]


def _audio(log: RunLog, line: Request) -> str | None:
    path = log.path.parent / (line.audio or "")
    if line.audio is None or not path.is_file():
        return None
    observer = Observer(f"audio of {line.prompt} in the report", f"it is in {path}")
    return observer.call(as_data_url, path)


def _image_url(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
