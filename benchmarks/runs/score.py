"""Word error rate and DistillMOS of a run's audio, exactly as it was streamed. English only."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.runs.recorder import read_wav
from benchmarks.runs.runlog import Request, Score
from benchmarks.scoring.wer import normalize, word_error_rate
from tensorrt_tts.errors import MissingDependencyError, SettingError, reason
from tensorrt_tts.notice import notice

Transcribe = Callable[[np.ndarray, int], str]
Opinion = Callable[[np.ndarray, int], float]


def score_english(lines: Sequence[Request], folder: Path) -> list[Score]:
    """Scores of the lines that have audio. Without DistillMOS installed, `mos` is None and a line
    on stderr says so.

    Raises SettingError for another language, MissingDependencyError without Whisper.
    """
    other = {line.language for line in lines} - {"en"}
    if other:
        raise SettingError(f"score: language {other.pop()!r} cannot be scored, only 'en'")
    return score(lines, folder, _transcriber(), _opinion())


def score(
    lines: Sequence[Request], folder: Path, transcribe: Transcribe, opinion: Opinion | None
) -> list[Score]:
    """`score_english` with its two models given. folder: what `audio` is relative to. An answer
    that a model fails on has no score; one line on stderr says of how many that is true."""
    heard = [line for line in lines if line.audio is not None]
    scores, failures = [], []
    for line in heard:
        try:
            scores.append(_score(line, folder, transcribe, opinion))
        except Exception as error:
            failures.append(error)
    if failures:
        notice(
            f"warning: no score of {len(failures)} of {len(heard)} answers "
            f"({type(failures[0]).__name__}: {reason(failures[0])}); their audio is in {folder}"
        )
    return scores


def _score(line: Request, folder: Path, transcribe: Transcribe, opinion: Opinion | None) -> Score:
    audio = read_wav(folder / str(line.audio)).astype(np.float32) / 32768
    heard = transcribe(audio, line.sample_rate)
    mos = opinion(audio, line.sample_rate) if opinion else None
    return Score(
        index=line.index,
        words=len(normalize(line.text)),
        wer=word_error_rate([line.text], [heard]),
        heard=heard,
        mos=mos if mos is not None and math.isfinite(mos) else None,
    )


def _transcriber() -> Transcribe:
    from benchmarks.scoring.wer import Transcriber

    try:
        return Transcriber()
    except ImportError as error:
        raise MissingDependencyError(
            f"--score needs {error.name!r}; pip install 'tensorrt-tts[dev]'"
        ) from error


def _opinion() -> Opinion | None:
    from benchmarks.scoring.distillmos import OpinionScore

    try:
        return OpinionScore()
    except ImportError as error:
        notice(f"no opinion score: {error}")
        return None
