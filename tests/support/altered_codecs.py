"""`NullCodec`, held up or broken at a step that the test says."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Semaphore

import numpy as np

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.codecs.base import Job
from tensorrt_tts.errors import BackendError


class SteppedCodec(NullCodec):
    """Once `stepped`, it decodes one hop for each `permits.release()`."""

    def __init__(self) -> None:
        super().__init__()
        self.permits = Semaphore(0)
        self.stepped = False

    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        if self.stepped:
            self.permits.acquire()
        return super().run(jobs)


class FailingCodec(NullCodec):
    """Once `left` is set, it does so many runs and then fails."""

    left: int | None = None

    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        if self.left == 0:
            raise BackendError("the codec failed")
        if self.left is not None:
            self.left -= 1
        return super().run(jobs)
