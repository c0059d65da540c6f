"""What only watches a run (Weights & Biases, scores, figures, progress) never ends it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.runs.run_logger import RunLogger
from benchmarks.runs.runlog import Line, Run
from tensorrt_tts.errors import TTSError, reason
from tensorrt_tts.notice import notice

T = TypeVar("T")


class Observer:
    """Left out from its first failure on, which is said in one line on stderr. The run's result and
    exit code are not its business.

    name: what is missing then. instead: what to do about it, or where to find the same.
    """

    def __init__(self, name: str, instead: str) -> None:
        self.failed = False
        self._name = name
        self._instead = instead

    def call(self, what: Callable[..., T], *arguments: Any) -> T | None:
        """What it returns; None when it fails, or has failed before."""
        if self.failed:
            return None
        try:
            return what(*arguments)
        except Exception as error:
            self.failed = True
            kind = "" if isinstance(error, TTSError) else f"{type(error).__name__}: "
            notice(f"warning: no {self._name} ({kind}{reason(error)}); {self._instead}")
            return None


class ObservingLogger:
    """A logger beside the run log, made by `make` here and now, whatever that raises."""

    def __init__(self, observer: Observer, make: Callable[[], RunLogger]) -> None:
        self._observer = observer
        self._logger = observer.call(make)

    def start(self, run: Run) -> None:
        self._call(lambda logger: logger.start(run))

    def line(self, line: Line) -> None:
        self._call(lambda logger: logger.line(line))

    def artifact(self, path: Path) -> None:
        self._call(lambda logger: logger.artifact(path))

    def finish(self) -> None:
        """Also of one that has failed, and has had its line: what it holds is kept if it can be."""
        if self._logger is None:
            return
        if self._observer.failed:
            with suppress(Exception):
                self._logger.finish()
        else:
            self._observer.call(self._logger.finish)

    def _call(self, what: Callable[[RunLogger], None]) -> None:
        if self._logger is not None:
            self._observer.call(what, self._logger)
