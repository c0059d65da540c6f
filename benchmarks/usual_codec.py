"""SNAC as it is usually served, shaped as a codec: one request at a time, the package's own decode.

The two policies of `codecs.baselines`, here behind the same scheduler, tasks and server as our own
decoder: one codec thread, and each window decoded whole.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.base import CodecStream, Condition, Job, Step, Window
from tensorrt_tts.codecs.baselines import FullRedecode, SlidingWindow
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.snac.weights import fold
from tensorrt_tts.errors import SettingError

if TYPE_CHECKING:
    from snac import SNAC


class SlidingStream:
    """See `baselines.SlidingWindow`."""

    def __init__(self, context: CodecContext) -> None:
        self._context = context
        self._steps: list[Step] = []
        self._frames = 0
        self._windows: deque[Window] = deque()
        self._ended = False

    @property
    def due(self) -> int:
        return len(self._windows)

    @property
    def done(self) -> bool:
        return self._ended and not self._windows

    def push(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self._steps.append(step)
            frames, rest = divmod(len(self._steps), self._context.steps_per_frame)
            if not rest:
                self._add(frames)

    def end(self, tail: int = 0) -> None:
        self._ended = True

    def job(self, hops: int = 1) -> Window:
        """One, however many wait: nobody joins them."""
        return self._windows[0]

    def take(self, samples: np.ndarray) -> np.ndarray:
        self._windows.popleft()
        return to_int16(samples)

    def _add(self, frames: int) -> None:
        size = SlidingWindow.WINDOW_FRAMES
        if frames >= size:
            frame = self._context.samples_per_frame
            steps = self._steps[-size * self._context.steps_per_frame :]
            self._windows.append(Window(steps, frame, 2 * frame))


class RedecodeStream(SlidingStream):
    """See `baselines.FullRedecode`."""

    _emitted = 0

    def end(self, tail: int = 0) -> None:
        self._decode_all(len(self._steps) // self._context.steps_per_frame)
        self._ended = True

    def _add(self, frames: int) -> None:
        self._decode_all(frames - FullRedecode.LOOKAHEAD_FRAMES)

    def _decode_all(self, frames: int) -> None:
        """So far, for the samples up to the end of that frame."""
        stop = frames * self._context.samples_per_frame
        if stop > self._emitted:
            self._windows.append(Window(self._steps[:], self._emitted, stop))
            self._emitted = stop


USUAL: dict[str, type[SlidingStream]] = {"window": SlidingStream, "again": RedecodeStream}
"""By the names that `benchmarks.capacity` gives them."""


class UsualCodec:
    """See `Codec`. Its noise is drawn afresh on every call, as the package does."""

    max_batch = 1
    threads = 1

    def __init__(self, model: SNAC, context: CodecContext, policy: str) -> None:
        """policy: of `USUAL`. The weight norm is folded, which is faster than as it is loaded."""
        self.context = context
        self._model = fold(model).eval()
        self._stream = USUAL[policy]

    def enter_thread(self) -> None:
        """One of torch's own, which is the better for it where cores are contended: with two, the
        demo codec was seen to take 3 to 8 s of CPU per second of audio there, with one 0.5."""
        torch.set_num_threads(1)

    @torch.inference_mode()
    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        results = []
        for window in (job for job in jobs if isinstance(job, Window)):
            coarse, mid, fine = torch.tensor(window.steps).T[:, None]
            samples = self._model.decode([coarse[:, ::4], mid[:, ::2], fine])
            results.append(samples[0, 0, window.start : window.stop].numpy())
        return results

    def open(
        self,
        schedule: HopSchedule,
        seed: int = 0,
        condition: Condition | None = None,
        stateful: bool = False,
    ) -> CodecStream:
        if stateful:
            raise SettingError("stateful True: the usual policies keep no state; leave it out")
        return self._stream(self.context)
