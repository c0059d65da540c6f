"""One run of one suite: drive the server, watch the client, log everything, sum it up."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.listener.exchange import Endpoint, Exchange
from benchmarks.load.suites import Suite
from benchmarks.runs.drift import drift
from benchmarks.runs.environment import hardware, versions
from benchmarks.runs.loop_lag import watch_lag
from benchmarks.runs.observer import Observer
from benchmarks.runs.recorder import Recorder
from benchmarks.runs.run_logger import RunLoggers
from benchmarks.runs.runlog import Phase, Request, Run, Score, Summary
from benchmarks.runs.summary import failed, lag_line, summarize

Scorer = Callable[[Sequence[Request], Path], list[Score]]
"""Scores the audio of request lines; the folder is what their `audio` paths are relative to."""

AUDIO = "audio"
"""Folder of the WAV files, beside the run log."""


@dataclass(frozen=True, slots=True)
class Session:
    """Where a run goes and what is kept of it. server: its address, for the log. settings: the
    command's options, for the log. progress: told each request that has ended, and the total.
    score: None leaves the audio unjudged. Neither ends a run: see `Observer`."""

    folder: Path
    server: str
    settings: dict[str, Any]
    save_audio: bool = False
    progress: Callable[[Request, int], None] = lambda line, total: None
    score: Scorer | None = None

    async def run(self, suite: Suite, endpoint: Endpoint, loggers: RunLoggers) -> Summary:
        """Raises BackendError when the server cannot be reached at all. Requests that fail are
        results, not exceptions."""
        loggers.start(
            Run(
                suite=suite.name,
                started=datetime.now(UTC).isoformat(timespec="seconds"),
                server=self.server,
                hardware=hardware(),
                versions=versions(),
                settings=self.settings,
                workload=suite.workload,
            )
        )
        progress = Observer("progress", "the run goes on")
        scorer = Observer("scores", f"the audio is in {self.folder / AUDIO}")
        begin = time.perf_counter()
        audio = AUDIO if self.save_audio or self.score else None
        recorder = Recorder(loggers, begin, self.folder, audio, suite.name)

        def record(exchange: Exchange, total: int = suite.total) -> None:
            phase: Phase = "cold" if len(recorder.lines) < suite.cold else "measured"
            line = recorder.add(exchange, "edge" if exchange.edge else phase)
            progress.call(self.progress, line, total)

        with _collector_kept_short():
            async with watch_lag() as lag:
                exchanges = await suite.drive(endpoint, record if suite.live else _later)
        wall = time.perf_counter() - begin
        if not suite.live:
            for exchange in exchanges:
                record(exchange, len(exchanges))
        scores: list[Score] = []
        if self.score:
            scores = scorer.call(self.score, recorder.measured, self.folder) or []
        for score in scores:
            loggers.line(score)
        line = lag_line(lag.during([(one.scheduled, one.closed) for one in exchanges]))
        loggers.line(line)
        summary = summarize(
            recorder.lines, line, wall, scores, _drifts(recorder.measured), suite.streams
        )
        loggers.line(summary)
        return summary


@contextmanager
def _collector_kept_short() -> Iterator[None]:
    """A full garbage collection looks through all of W&B and matplotlib and makes the client a
    tenth of a second late: what is loaded by now is left out of it for the time being."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _later(exchange: Exchange) -> None:
    pass


def _drifts(lines: Sequence[Request]) -> dict[str, Any]:
    """Drift of what one text repeated should keep constant; empty for a mix of texts."""
    sound = [line.measures for line in lines if line.chunks and not failed(line)]
    if len({line.text for line in lines}) != 1:
        return {}
    found = {
        "ttfa_ms": drift([m.ttfa_ms for m in sound if m.ttfa_ms is not None]),
        "rtf": drift([m.rtf for m in sound if m.rtf is not None]),
    }
    return {
        "drift": {
            name: {
                "first_half": value.first,
                "second_half": value.second,
                "change": value.change,
                "p": value.p,
                "drifted": value.drifted,
            }
            for name, value in found.items()
            if value is not None
        }
    }
