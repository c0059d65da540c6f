"""PCM as a listener wants it: at another speed, at another rate, in one format."""

from __future__ import annotations

import numpy as np

from tensorrt_tts.audio.audio_source import AudioSource, Stage
from tensorrt_tts.audio.encode import AudioEncoder, Encoding
from tensorrt_tts.audio.time_stretch import TimeStretch


class AudioOutput:
    """`push` …, `finish`: the bytes of all calls, in order, are the whole stream; the first ones
    are the header, where the format has one.

    source: of what goes in. rate: of what comes out, one that the encoding takes; None for the
    nearest to what goes in. speed: 2 is twice as fast, at the same pitch. What needs neither is
    not touched. sr_applied: see `OutputRate.applied`. Raises what `AudioEncoder`, `AudioSource.at`
    and `TimeStretch` raise.
    """

    def __init__(
        self, encoding: Encoding, source: AudioSource, rate: int | None = None, speed: float = 1.0
    ) -> None:
        self.rate = encoding.rate(source.sample_rate) if rate is None else rate
        self._resampled = source.at(self.rate)
        self.sr_applied = self._resampled.applied
        self._stages: list[Stage] = [self._resampled]
        if speed != 1:
            self._stages.insert(0, TimeStretch(speed, source.sample_rate))
        self._encoder = AudioEncoder(encoding, self.rate)
        self.content_type = self._encoder.content_type

    async def encode(self, pcm: np.ndarray) -> bytes:
        """`push`, without holding up the event loop."""
        return await self._resampled.run(self.push, pcm)

    async def encode_rest(self) -> bytes:
        """`finish`, the same way."""
        return await self._resampled.run(self.finish)

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
