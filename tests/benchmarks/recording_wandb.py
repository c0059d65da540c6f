"""A `wandb` that remembers what it was told. It refuses what the real one refuses: logging to a run
that has finished, and rows that do not fit their columns."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class Table:
    def __init__(self, columns: list[str], data: list[list[Any]]) -> None:
        assert all(len(row) == len(columns) for row in data)
        self.columns, self.data = columns, data


class Run:
    def __init__(self, project: str, mode: str, **options: Any) -> None:
        self.project, self.mode, self.options = project, mode, options
        self.logged: list[dict[str, Any]] = []
        self.summary: dict[str, Any] = {}
        self.finished = 0

    def define_metric(self, name: str, step_metric: str) -> None:
        pass

    def log(self, values: dict[str, Any]) -> None:
        assert not self.finished, "the run has finished"
        self.logged.append(values)

    def finish(self) -> None:
        self.finished += 1


class RecordingWandb:
    Table = Table
    Settings = SimpleNamespace

    def __init__(self) -> None:
        self.run: Run | None = None

    def init(self, **options: Any) -> Run:
        self.run = Run(**options)
        return self.run
