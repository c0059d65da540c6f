"""Silence between the segments of a speech, by rule: models leave what they like. Pure."""

from __future__ import annotations

import numpy as np

from tensorrt_tts.audio.pcm import audible
from tensorrt_tts.text.sentences import Break


class SegmentPauses:
    """Follows the audio of one speech. What it says does not depend on how that comes in chunks."""

    def __init__(self, sample_rate: int, sentence_s: float, paragraph_s: float) -> None:
        """Seconds between two segments that are sentences, and between paragraphs, at least."""
        self._wanted = {
            Break.NONE: 0,
            Break.SENTENCE: round(sentence_s * sample_rate),
            Break.PARAGRAPH: round(paragraph_s * sample_rate),
        }
        self._quiet: int | None = None  # samples since the last audible one

    def before(self, kind: Break) -> int:
        """Samples of silence in front of the next segment, beyond what the audio ends with. None
        where nothing was heard before."""
        return 0 if self._quiet is None else max(0, self._wanted[kind] - self._quiet)

    def hear(self, pcm: np.ndarray) -> int | None:
        """pcm: int16 (samples,), which follows. Returns where its first audible sample is."""
        loud = audible(pcm)
        first = int(loud.argmax()) if len(loud) else 0
        if first < len(loud) and loud[first]:
            self._quiet = int(loud[::-1].argmax())
            return first
        self._quiet = (self._quiet or 0) + len(pcm)
        return None
