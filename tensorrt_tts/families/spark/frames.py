"""Generated token ids to a speaker and codec steps, exactly once and in order. Pure.

A frame is one semantic token, a step of 20 ms, so none is ever cut or broken. What is in no place
legal is stray and skipped: a semantic token before the speaker is whole, a token of a speaker after
it, any id that is neither. A stray token costs nothing but itself; one that replaced a token of the
speaker leaves the speaker unfinished, and the stream without a step.
"""

from __future__ import annotations

from collections.abc import Iterable

from tensorrt_tts.codecs.base import Condition, Step
from tensorrt_tts.families.base import FrameCounts
from tensorrt_tts.families.spark.tokens import GLOBALS, SparkTokens


class SparkParser:
    """See `families.base.FrameParser`. A step is (semantic code,). speaker: the codes of one that
    the prompt gave, and the answer begins with the first step."""

    tail = 0

    def __init__(self, tokens: SparkTokens, speaker: Condition = ()) -> None:
        self.counts = FrameCounts()
        self._globals, self._semantics = tokens.globals, tokens.semantics
        self._between = tokens.between
        self._speaker = list(speaker)
        self._finished = False

    @property
    def condition(self) -> Condition | None:
        return tuple(self._speaker) if len(self._speaker) == GLOBALS else None

    def push(self, ids: Iterable[int]) -> list[Step]:
        if self._finished:
            raise RuntimeError("push() after finish()")
        steps: list[Step] = []
        for token in ids:
            whole = len(self._speaker) == GLOBALS
            if whole and token in self._semantics:
                steps.append((token - self._semantics.start,))
                self.counts.accepted += 1
            elif not whole and token in self._globals:
                self._speaker.append(token - self._globals.start)
            elif token in self._between:
                self.counts.markers += 1
            else:
                self.counts.stray += 1
        return steps

    def finish(self) -> None:
        self._finished = True
