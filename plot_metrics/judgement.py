"""What the report says of a run as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.runs.runlog import Summary
from benchmarks.runs.summary import TTFA_LIMIT_MS, shortfalls

_PRAISE = ("good", "acceptable")
"""Of logs that were written when a verdict looked at speed alone; "acceptable" is no longer given.
"""


@dataclass(frozen=True, slots=True)
class Judgement:
    """shortfalls: one line each. doubt: what the log calls itself, where that is too kind."""

    word: str
    good: bool
    shortfalls: tuple[str, ...]
    doubt: str | None


def judge(summary: Summary) -> Judgement:
    """Good is only what the log calls good, is valid, and falls short of nothing."""
    missing = tuple(shortfalls(summary, TTFA_LIMIT_MS))
    good = summary.verdict == "good" and summary.valid and not summary.failed and not missing
    if good or summary.verdict not in _PRAISE:
        return Judgement(summary.verdict, good, missing, None)
    return Judgement("needs work", False, missing, summary.verdict)
