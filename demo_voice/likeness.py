"""How near a voice is to its teacher: who speaks, and which sounds are heard. Both are optional."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.scoring.wer import edits, to_rate
from tensorrt_tts.errors import MissingDependencyError

Floats = NDArray[np.float32]
HEARS = 16_000
"""Hz that hama hears."""


def speaker_similarity(pairs: Sequence[tuple[Floats, Floats]], rate: int) -> float | None:
    """Mean cosine of (voice, teacher) by Resemblyzer; None where it is not installed."""
    from benchmarks.scoring.speaker import SpeakerEncoder, similarity

    try:
        voice = SpeakerEncoder()
    except MissingDependencyError:
        return None
    found = [similarity(voice(one, rate), voice(other, rate)) for one, other in pairs]
    return round(float(np.mean(found)), 3)


def phoneme_distance(pairs: Sequence[tuple[Floats, Floats]], rate: int) -> float | None:
    """Edits between what hama hears of (voice, teacher) over the teacher's phonemes, all sentences
    together; None where it is not installed."""
    try:
        hama: Any = importlib.import_module("hama")
    except ImportError:
        return None
    hear = hama.ASRModel()
    wrong = total = 0
    for one, other in pairs:
        made, wanted = (
            list(hear(to_rate(audio, rate, HEARS), HEARS).phonemes) for audio in (one, other)
        )
        wrong += edits(wanted, made)
        total += len(wanted)
    return round(wrong / max(1, total), 4)
