"""PCM as a listener wants it: at another speed, at another rate, in one format."""

from __future__ import annotations

import numpy as np

from tensorrt_tts.audio.encode import AudioEncoder, Encoding
from tensorrt_tts.audio.resample import Resampler
from tensorrt_tts.audio.time_stretch import TimeStretch


class AudioOutput:
    """`push` …, `finish`: the bytes of all calls, in order, are the whole stream; the first ones
    are the header, where the format has one.

    sample_rate: of what goes in. rate: of what comes out, one that the encoding takes; None for the
    nearest to what goes in. speed: 2 is twice as fast, at the same pitch. What needs neither is
    not touched. Raises what `AudioEncoder`, `Resampler` and `TimeStretch` raise.
    """

    def __init__(
        self, encoding: Encoding, sample_rate: int, rate: int | None = None, speed: float = 1.0
    ) -> None:
        self.rate = encoding.rate(sample_rate) if rate is None else rate
        self._stages: list[TimeStretch | Resampler] = []
        if speed != 1:
            self._stages.append(TimeStretch(speed, sample_rate))
        if self.rate != sample_rate:
            self._stages.append(Resampler(sample_rate, self.rate))
        self._encoder = AudioEncoder(encoding, self.rate)
        self.content_type = self._encoder.content_type

    def push(self, pcm: np.ndarray) -> bytes:
        """pcm: int16 mono, (samples,)."""
        for stage in self._stages:
            pcm = stage.push(pcm)
        return self._encoder.push(pcm)

    def finish(self) -> bytes:
        pcm = np.zeros(0, np.int16)
        for stage in self._stages:
            pcm = np.concatenate([stage.push(pcm), stage.finish()])
        return self._encoder.push(pcm) + self._encoder.finish()
