"""One self-contained HTML page of a run: what it found, every figure, every answer to listen to."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from benchmarks.distribution import Distribution
from benchmarks.runlog import Request, RunLog, Score, read
from plot_metrics import chunk_timeline, gap_detail, gaps, per_prompt, sweep, waterfall
from plot_metrics.audio_clip import as_data_url
from tensorrt_tts.errors import InputError, MissingDependencyError, OutputError

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
    ("rtf", "Real-time factor"),
    ("stream_rtf", "Real-time factor after first audio"),
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
    """A row of the table of answers. audio: data URL, None when it was not kept."""

    line: Request
    score: Score | None
    audio: str | None

    @property
    def silence_ms(self) -> float | None:
        underruns = self.line.measures.underruns_ms
        return underruns[0] if underruns else None


def draw_all(log_path: Path, folder: Path) -> list[Path]:
    """Every figure that this log has something for, then `report.html`. Returns their paths.

    Raises InputError for a file that is no run log, or one without any audio.
    """
    log = read(log_path)
    paths = draw_figures(log, folder)
    return [*paths, write_report(log, paths, folder / f"{log_path.stem}_report.html")]


def draw_figures(log: RunLog, folder: Path) -> list[Path]:
    if not log.measured:
        raise InputError(
            f"run log '{log.path}' holds no measured request with audio: there is nothing to draw"
        )
    several = any(line.measures.gaps_ms for line in log.measured)
    texts = len({line.text for line in log.measured})
    left_out = set()
    if not several:
        left_out |= {"gap_analysis", "gap_analysis_detailed"}
    if texts < 2:
        left_out |= {"sweep_analysis"}
    return [draw(log, folder) for name, draw in FIGURES.items() if name not in left_out]


def write_report(log: RunLog, figures: Sequence[Path], path: Path) -> Path:
    """Raises MissingDependencyError, OutputError."""
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as error:
        raise MissingDependencyError(
            "the report needs Jinja2; pip install 'tensorrt-tts[bench]'"
        ) from error
    source = resources.files("plot_metrics").joinpath("report.html").read_text(encoding="utf-8")
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(source)
    page = template.render(
        log=log,
        run=log.run,
        summary=log.summary,
        rows=summary_rows(log),
        figures=[Figure(figure.stem, _image_url(figure)) for figure in figures],
        answers=[_answer(log, line) for line in log.requests],
    )
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"report '{path}' cannot be written ({error.strerror}); choose another folder"
        ) from error
    return path


def summary_rows(log: RunLog) -> list[tuple[str, Distribution]]:
    """What was measured of `ROWS`, in their order."""
    if log.summary is None:
        return []
    found = log.summary.distributions
    return [(label, found[name]) for name, label in ROWS if name in found]


def _answer(log: RunLog, line: Request) -> Answer:
    audio = None
    if line.audio is not None:
        path = log.path.parent / line.audio
        if path.is_file():
            audio = as_data_url(path)
    return Answer(line, log.scores.get(line.index), audio)


def _image_url(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
