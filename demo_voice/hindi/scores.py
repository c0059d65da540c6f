"""What is measured of Hindi speech, sentence by sentence, and what is reported of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo_voice.hindi.reference_loss import ReferenceLoss, character_error

Floats = NDArray[np.float32]
SHORTEST = 0.3
"""Seconds: less cannot be rated."""
WORST_LOSS = 20.0
"""Nats a token, of what cannot be heard: `reference_loss.LEAST` for each."""


@dataclass(frozen=True)
class HindiScore:
    """One sentence of one speaker."""

    text: str
    heard: str
    loss: float  # of the text, nats a token
    rank: int  # of the text among others
    character_error: float
    mos: float
    seconds: float


@dataclass(frozen=True)
class HindiSummary:
    """What is reported of a speaker. Shares are of sentences."""

    sentences: int
    reference_loss: float
    right_first: float
    character_error: float  # the median
    distillmos: float
    runaway: float
    early: float


class HindiJudge:
    """Ranks, transcribes and rates."""

    def __init__(self, folder: Path, texts: Sequence[str], threads: int = 1) -> None:
        """folder: where Whisper's files are joined. texts: what a sentence is ranked among."""
        from benchmarks.scoring.distillmos import OpinionScore

        self._loss = ReferenceLoss(folder, threads)
        self._texts = texts
        self._rate = OpinionScore()

    def __call__(self, text: str, audio: Floats, rate: int) -> HindiScore:
        """Score of one utterance; one too short to rate gets the lowest marks."""
        seconds = len(audio) / rate
        if seconds < SHORTEST:
            return HindiScore(text, "", WORST_LOSS, len(self._texts), 1.0, 1.0, seconds)
        loss, rank = self._loss.rank(audio, rate, text, self._texts)
        heard = self._loss.transcribe(audio, rate)
        error = character_error(text, heard)
        return HindiScore(text, heard, loss, rank, error, self._rate(audio, rate), seconds)


def hindi_summary(
    scores: Sequence[HindiScore], runaway: Sequence[bool], early: Sequence[bool]
) -> HindiSummary:
    """runaway, early: of each sentence whether it is."""
    return HindiSummary(
        len(scores),
        round(float(np.mean([score.loss for score in scores])), 3),
        round(float(np.mean([score.rank == 1 for score in scores])), 4),
        round(float(np.median([score.character_error for score in scores])), 4),
        round(float(np.mean([score.mos for score in scores])), 3),
        round(float(np.mean(runaway)), 4),
        round(float(np.mean(early)), 4),
    )
