"""Runs in Weights & Biases: per-request metrics, tables of chunks and prompts, audio, figures.

`wandb` is an optional package. Offline mode needs no account and no network; `wandb sync` uploads
such a run later.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from benchmarks.runs.runlog import Lag, Line, Phase, Request, Run, Score, Summary
from benchmarks.runs.summary import DISTRIBUTIONS
from tensorrt_tts.errors import needs

if TYPE_CHECKING:
    import wandb

Mode = Literal["online", "offline"]

PROMPT_COLUMNS = (
    "index",
    "phase",
    "prompt",
    "text",
    "text_length",
    "duration_s",
    "ttfa_ms",
    "onset_ms",
    "rtf",
    "stream_rtf",
    "chunk_count",
    "max_chunk_gap_ms",
    "underrun_ms",
    "faults",
    "wer",
    "mos",
)
CONNECT_S = 30.0
UPLOAD_S = 120.0
"""How long W&B may take to begin a run and to upload the rest of one, where it is online: without a
network it would try for ever."""

PATIENCE_S = 5.0
"""How much longer W&B's own process may take to say so: one that hangs never does."""

CHUNK_COLUMNS = ("index", "chunk", "at_ms", "gap_ms", "samples")


class WandbLogger:
    """folder: of the run log; audio lies in it, and W&B's own files go into `wandb/` there.
    Everything that is logged here is in the run log too."""

    def __init__(self, project: str, folder: Path, mode: Mode = "offline") -> None:
        """Raises MissingDependencyError."""
        with needs("--wandb needs the wandb package; pip install 'tensorrt-tts[bench]'"):
            import wandb
        self._wandb = wandb
        self._project = project
        self._folder = folder
        self._mode: Mode = mode
        self._run: wandb.Run | None = None
        self._requests: list[Request] = []
        self._scores: dict[int, Score] = {}
        self._chunks: list[list[Any]] = []

    @property
    def run(self) -> wandb.Run:
        if self._run is None:
            raise RuntimeError("start() comes first")
        return self._run

    def start(self, run: Run) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._run = self._wandb.init(
            project=self._project,
            dir=str(self._folder),
            job_type=run.suite,
            mode=self._mode,
            reinit="create_new",
            config=run.model_dump(mode="json", exclude={"type"}),
            # The run log has the machine and the commit; sampling the machine would load it.
            settings=self._wandb.Settings(
                console="off",
                disable_git=True,
                x_disable_stats=True,
                silent=True,
                init_timeout=CONNECT_S,
                finish_timeout=UPLOAD_S,
                finish_timeout_raises=True,
            ),
        )
        for phase in get_args(Phase):
            self.run.define_metric(f"{phase}/*", step_metric="request")

    def line(self, line: Line) -> None:
        if isinstance(line, Request):
            self._request(line)
        elif isinstance(line, Score):
            self._scores[line.index] = line
        elif isinstance(line, Summary):
            self._summary(line)
        elif isinstance(line, Lag):
            self.run.summary["client_objection"] = line.objection

    def artifact(self, path: Path) -> None:
        artifact = self._wandb.Artifact(path.stem, type=path.suffix.lstrip("."))
        artifact.add_file(str(path))
        self.run.log_artifact(artifact)
        if path.suffix == ".png":
            self.run.log({f"figures/{path.stem}": self._wandb.Image(str(path))})

    def finish(self) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        try:
            _within(UPLOAD_S + PATIENCE_S, lambda: self._finish(run))
        except BaseException:
            # Now, not at exit: there W&B would print a traceback, or wait for ever.
            with suppress(Exception):
                _within(PATIENCE_S, self._wandb.teardown)
            raise

    def _finish(self, run: wandb.Run) -> None:
        try:
            run.log(self._tables())
        finally:
            run.finish()

    def _tables(self) -> dict[str, Any]:
        prompts = [_prompt_row(line, self._scores.get(line.index)) for line in self._requests]
        return {
            "prompts": self._wandb.Table(columns=list(PROMPT_COLUMNS), data=prompts),
            "chunk_events": self._wandb.Table(columns=list(CHUNK_COLUMNS), data=self._chunks),
        }

    def _request(self, line: Request) -> None:
        self._requests.append(line)
        self._chunks.extend(_chunk_rows(line))
        measures = line.measures
        named = {
            "client_ttfa_ms": measures.ttfa_ms,
            "client_onset_ms": measures.onset_ms,
            "client_rtf": measures.rtf,
            "max_chunk_gap_ms": measures.max_gap_ms,
            "mean_chunk_gap_ms": measures.mean_gap_ms,
            "server_ttft_ms": measures.ttft_ms,
            "server_rtf": measures.server_rtf,
            "text_length": line.characters,
            "duration_s": measures.audio_s,
            "chunk_count": measures.chunks,
        }
        metrics: dict[str, Any] = {
            f"{line.phase}/{name}": value for name, value in named.items() if value is not None
        }
        if line.audio is not None:
            metrics[f"audio/{line.prompt}"] = self._wandb.Audio(
                str(self._folder / line.audio), caption=line.text
            )
        self.run.log({"request": line.index, **metrics})

    def _summary(self, line: Summary) -> None:
        for name in (*DISTRIBUTIONS, "gap_ms", "underrun_ms", "wer", "mos"):
            if name in line.distributions:
                values = line.distributions[name]
                self.run.summary[name] = {"p50": values.p50, "p95": values.p95, "p99": values.p99}
        self.run.summary["verdict"] = line.verdict
        self.run.summary["valid"] = line.valid
        self.run.summary["faults"] = line.faults
        for row in line.continuity:
            self.run.summary[f"c100_prebuffer_{row.prebuffer_ms:.0f}ms"] = row.c100


def _prompt_row(line: Request, score: Score | None) -> list[Any]:
    measures = line.measures
    underruns = measures.underruns_ms
    return [
        line.index,
        line.phase,
        line.prompt,
        line.text,
        line.characters,
        measures.audio_s,
        measures.ttfa_ms,
        measures.onset_ms,
        measures.rtf,
        measures.stream_rtf,
        measures.chunks,
        measures.max_gap_ms,
        underruns[0] if underruns else None,
        ", ".join(line.faults),
        score.wer if score else None,
        score.mos if score else None,
    ]


def _chunk_rows(line: Request) -> list[list[Any]]:
    """One row per chunk; the first has no gap. None for an answer without audio."""
    gaps: list[float | None] = [None, *line.measures.gaps_ms]
    return [
        [line.index, number, at * 1000, gap, samples]
        for number, ((at, samples), gap) in enumerate(zip(line.chunks, gaps, strict=False))
    ]


def _within(seconds: float, what: Callable[[], object]) -> None:
    """Raises what it raises, or TimeoutError."""
    done: Future[object] = Future()

    def run() -> None:
        try:
            done.set_result(what())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name="W&B", daemon=True).start()
    try:
        done.result(seconds)
    except TimeoutError as error:
        raise TimeoutError(str(error) or f"it did not end within {seconds:g} s") from error
    except SystemExit as error:  # how it says that its process ended badly
        raise RuntimeError(f"its process ended with code {error.code}") from error
