"""A `wandb` that remembers what it was told. It refuses what the real one refuses: logging to a run
that has finished, and rows that do not fit their columns. Where it is told to, it fails as the real
one does: at `init` (no key, no network), `log` (its process has died) or `finish` (or never)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class Table:
    def __init__(self, columns: list[str], data: list[list[Any]]) -> None:
        assert all(len(row) == len(columns) for row in data)
        self.columns, self.data = columns, data


class Run:
    def __init__(
        self, project: str, mode: str, fail: dict[str, BaseException] | None = None, **options: Any
    ) -> None:
        self.fail = fail or {}
        self.project, self.mode, self.options = project, mode, options
        self.logged: list[dict[str, Any]] = []
        self.summary: dict[str, Any] = {}
        self.finished = 0

    def define_metric(self, name: str, step_metric: str) -> None:
        pass

    def log(self, values: dict[str, Any]) -> None:
        assert not self.finished, "the run has finished"
        _raise(self.fail.get("log"))
        self.logged.append(values)

    def finish(self) -> None:
        self.finished += 1
        _raise(self.fail.get("finish"))


class RecordingWandb:
    Table = Table
    Settings = SimpleNamespace

    def __init__(self, **fail: BaseException) -> None:
        self.fail = fail
        self.run: Run | None = None
        self.torn_down = 0

    def init(self, **options: Any) -> Run:
        _raise(self.fail.get("init"))
        self.run = Run(fail=self.fail, **options)
        return self.run

    def teardown(self) -> None:
        self.torn_down += 1
        _raise(self.fail.get("teardown"))


def _raise(error: BaseException | None) -> None:
    if error is not None:
        raise error
