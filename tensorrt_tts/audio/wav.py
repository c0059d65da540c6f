"""A WAV file that appears whole or not at all. Needs no more than the standard library."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from tensorrt_tts.audio.whole_file import WholeFile, failure


class WavWriter(WholeFile):
    """A `WholeFile` of int16 mono samples."""

    def __init__(self, path: Path, sample_rate: int) -> None:
        super().__init__(path)
        self._wave = wave.open(self.handle, "wb")  # noqa: SIM115 - closed in finish
        self._wave.setnchannels(1)
        self._wave.setsampwidth(2)
        self._wave.setframerate(sample_rate)

    def write(self, pcm: np.ndarray) -> None:
        """pcm: int16 (samples,)."""
        try:
            self._wave.writeframes(pcm.astype("<i2").tobytes())
        except OSError as error:
            raise failure(self.path, error) from error

    def finish(self) -> None:
        self._wave.close()  # patches the sizes in the header
