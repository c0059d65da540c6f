"""Where results go while a run is under way. JSONL always; others beside it when asked, as
`observer.ObservingLogger`: only the run log may end a run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from benchmarks.runs.runlog import Line, Run, dump
from tensorrt_tts.files import writing


class RunLogger(Protocol):
    """What a run tells about itself, in this order. `finish` comes last, also after a failure."""

    def start(self, run: Run) -> None: ...

    def line(self, line: Line) -> None:
        """A request, lag or summary line."""

    def artifact(self, path: Path) -> None:
        """A file that belongs to the run: a figure, the report, the log itself."""

    def finish(self) -> None: ...


class JsonlLogger:
    """Writes each line at once, so that a run cut short leaves what it had measured.

    Raises OutputError when the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with writing(path, "choose another --out", "run log"):
            self._file = path.open("w", encoding="utf-8")

    def start(self, run: Run) -> None:
        self.line(run)

    def line(self, line: Line) -> None:
        with writing(self.path, "free some space", "run log"):
            self._file.write(dump(line) + "\n")
            self._file.flush()

    def artifact(self, path: Path) -> None:
        """Nothing to do: the files lie beside the log."""

    def finish(self) -> None:
        # What is left to write then is a line whose failure has been raised already.
        with suppress(OSError):
            self._file.close()


class RunLoggers:
    """Several loggers as one; a context that finishes them all, whatever happens inside."""

    def __init__(self, loggers: Sequence[RunLogger]) -> None:
        self._loggers = tuple(loggers)

    def start(self, run: Run) -> None:
        for logger in self._loggers:
            logger.start(run)

    def line(self, line: Line) -> None:
        for logger in self._loggers:
            logger.line(line)

    def artifact(self, path: Path) -> None:
        for logger in self._loggers:
            logger.artifact(path)

    def finish(self) -> None:
        for logger in self._loggers:
            logger.finish()

    def __enter__(self) -> RunLoggers:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()
