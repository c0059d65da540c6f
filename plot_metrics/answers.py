"""The answers that a figure is of: in the order they were asked for, with the ones that failed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.runs.runlog import Request, RunLog
from benchmarks.runs.summary import failed
from tensorrt_tts.errors import InputError


@dataclass(frozen=True, slots=True)
class Answers:
    """every: the measured requests as they were due; an older log has them as they ended."""

    every: tuple[Request, ...]

    @classmethod
    def of(cls, log: RunLog) -> Answers:
        measured = [line for line in log.requests if line.phase == "measured"]
        return cls(tuple(sorted(measured, key=lambda line: (line.scheduled, line.index))))

    @classmethod
    def to_draw(cls, log: RunLog) -> Answers:
        """Raises InputError when no answer can be drawn."""
        found = cls.of(log)
        if not found.sound:
            raise InputError(
                f"run log '{log.path}' holds no whole answer to draw; its errors: "
                f"{sorted({line.error for line in found.every if line.error}) or 'none'}"
            )
        return found

    @property
    def failed(self) -> tuple[Request, ...]:
        return tuple(line for line in self.every if failed(line))

    @property
    def silent(self) -> tuple[Request, ...]:
        """Ended as if well, and held no audio."""
        return tuple(line for line in self.every if not line.chunks and not failed(line))

    @property
    def lost(self) -> tuple[Request, ...]:
        """Those without a whole end to listen to: failed or silent."""
        return tuple(line for line in self.every if failed(line) or not line.chunks)

    @property
    def lost_name(self) -> str:
        """What a legend calls the lost."""
        kinds = (("failed", self.failed), ("no audio", self.silent))
        return " or ".join(name for name, found in kinds if found)

    @property
    def in_turn(self) -> bool:
        """No request waited for another one: what differs between answers is up to their texts."""
        pairs = itertools.pairwise(self.every)
        return all(one.scheduled + one.ended <= other.scheduled for one, other in pairs)

    @property
    def sound(self) -> tuple[Request, ...]:
        """All but the lost: what is drawn and what claims are about. A part of an answer has no
        times that could be compared."""
        return tuple(line for line in self.every if line.chunks and not failed(line))

    @property
    def one_text(self) -> bool:
        """Only a text that is repeated says whether something changes while the server runs."""
        return len({line.text for line in self.every}) == 1

    def headline(self, *claims: str, mark: str = "") -> str:
        """What was lost, before any claim about the rest. mark: how the figure marks it."""
        total = len(self.every)
        parts = []
        if self.failed:
            parts.append(f"{len(self.failed)} of {total} failed{mark}")
        if self.silent:
            parts.append(f"{len(self.silent)} of {total} gave no audio{mark}")
        text = "; ".join([*parts, *claims])
        return text[:1].upper() + text[1:]

    def share(self, count: int, judged: Sequence[Request]) -> str:
        """Like "3 of 22 answers", or "3 of the other 12" when the rest was lost.

        judged: what the claim can be about; less than `sound` when the others came in one chunk.
        """
        total = len(judged)
        part = "none" if not count else "all" if count == total else str(count)
        if total < len(self.sound):
            return f"{part} of the {total} in several chunks"
        if self.lost:
            return f"{part} of the other {total}"
        if part == "all":
            return f"all {total} answers" if total > 1 else "the one answer"
        return f"{part} of {plural(total, 'answer')}"


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
