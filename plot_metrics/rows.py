"""The rows of a figure with a line for each answer, kept to as many as can be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.runs.runlog import Request
from plot_metrics.answers import Answers
from plot_metrics.first_audio import first_audio_ms
from plot_metrics.silence import silence_ms

MOST = 60
"""Rows of a figure; beyond it, answers are grouped by prompt."""


@dataclass(frozen=True, slots=True)
class Row:
    """One answer, or all answers to one prompt (in the order they were asked for)."""

    lines: tuple[Request, ...]

    @property
    def sound(self) -> tuple[Request, ...]:
        return Answers(self.lines).sound

    @property
    def lost(self) -> int:
        return len(Answers(self.lines).lost)

    @property
    def faulty(self) -> int:
        """Faults apart from failing."""
        return sum(bool(line.faults) for line in self.sound)

    @property
    def label(self) -> str:
        """Texts are left out: no font has every script, and the report's table has them."""
        first, count = self.lines[0], len(self.lines)
        text = f"{first.prompt}, {first.characters} chars"
        if count > 1:
            text += f", {count} ×"
        for mark, number in (("✗", self.lost), ("!", self.faulty)):
            if number:
                text += f" {mark}" if count == 1 else f", {number} {mark}"
        return text

    def median(self, value: Callable[[Request], float | None]) -> float:
        """Of whole answers; 0 where there is nothing to draw."""
        found = self._values(value)
        return float(np.median(found)) if found else 0.0

    def worst(self, value: Callable[[Request], float | None]) -> float:
        return max(self._values(value), default=0.0)

    def _values(self, value: Callable[[Request], float | None]) -> list[float]:
        return [number for line in self.sound if (number := value(line)) is not None]


@dataclass(frozen=True, slots=True)
class Rows:
    """every: at most `MOST`, in the order they were asked for. prompts: how many there are, None
    when each answer has a row of its own."""

    every: tuple[Row, ...]
    prompts: int | None = None

    @classmethod
    def of(cls, answers: Answers) -> Rows:
        if len(answers.every) <= MOST:
            return cls(tuple(Row((line,)) for line in answers.every))
        groups: dict[tuple[str, str], list[Request]] = {}
        for line in answers.every:
            groups.setdefault((line.prompt, line.text), []).append(line)
        found = [Row(tuple(lines)) for lines in groups.values()]
        worst = sorted(range(len(found)), key=lambda n: _badness(found[n]), reverse=True)[:MOST]
        return cls(tuple(found[place] for place in sorted(worst)), len(found))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the title must say about them."""
        if self.prompts is None or self.prompts <= MOST:
            return ()
        return (f"only the worst {MOST} of {self.prompts} prompts are shown",)

    @property
    def by_length(self) -> tuple[Row, ...]:
        """Shortest text first; equal ones as they were asked for."""
        return tuple(sorted(self.every, key=lambda row: row.lines[0].characters))


def _badness(row: Row) -> tuple[float, ...]:
    return (row.lost, row.faulty, row.worst(silence_ms), row.worst(first_audio_ms))
