"""Word error rate and DistillMOS of a run's audio, exactly as it was streamed. English only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.pcm_stream import SAMPLE_RATE
from benchmarks.recorder import read_wav
from benchmarks.runlog import Request, Score
from benchmarks.scoring.wer import normalize, word_error_rate
from tensorrt_tts.errors import MissingDependencyError, SettingError
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
    """`score_english` with its two models given. folder: what `audio` is relative to."""
    scores = []
    for line in lines:
        if line.audio is None:
            continue
        audio = read_wav(folder / line.audio).astype(np.float32) / 32768
        heard = transcribe(audio, SAMPLE_RATE)
        scores.append(
            Score(
                index=line.index,
                words=len(normalize(line.text)),
                wer=word_error_rate([line.text], [heard]),
                heard=heard,
                mos=opinion(audio, SAMPLE_RATE) if opinion else None,
            )
        )
    return scores


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
