"""The null codec, its chunks ending in the moment they were decoded. It is of no other use."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from benchmarks.doubles.null_codec import NullCodec
from benchmarks.doubles.stamps import SAMPLES, stamp
from tensorrt_tts.audio.pcm import FULL_SCALE
from tensorrt_tts.codecs.base import Job


class StampedCodec(NullCodec):
    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        return [self._stamped(sound) for sound in super().run(jobs)]

    def _stamped(self, sound: np.ndarray) -> np.ndarray:
        if len(sound) < SAMPLES:
            return sound
        now = stamp(time.perf_counter()).astype(np.float32) / FULL_SCALE
        return np.concatenate([sound[:-SAMPLES], now])
