"""PCM to another sample rate, chunk by chunk, without a seam between them."""

from __future__ import annotations

import numpy as np

from tensorrt_tts.audio.pcm import FULL_SCALE, to_int16
from tensorrt_tts.errors import MissingDependencyError


class Resampler:
    """source, target: Hz. The samples do not depend on where the chunks were cut, and are as many
    as the audio lasts. soxr's "HQ" holds back about 80 ms of 24 kHz.

    Raises MissingDependencyError.
    """

    def __init__(self, source: int, target: int) -> None:
        try:
            import soxr
        except ImportError as error:
            raise MissingDependencyError(
                f"audio of {target} Hz from {source} Hz needs soxr: pip install soxr, or ask for "
                f"{source} Hz"
            ) from error
        # Asked for int16 it would add noise of its own (dither), other noise for other chunks.
        self._stream = soxr.ResampleStream(source, target, 1, dtype="float32", quality="HQ")

    def push(self, pcm: np.ndarray) -> np.ndarray:
        """int16 (samples,) to int16 (samples,), which may be none yet."""
        return self._next(pcm)

    def finish(self) -> np.ndarray:
        """What is left. Called once."""
        return self._next(np.zeros(0, np.int16), last=True)

    def _next(self, pcm: np.ndarray, last: bool = False) -> np.ndarray:
        samples = self._stream.resample_chunk(np.asarray(pcm, np.float32), last)
        return to_int16(samples / FULL_SCALE)
