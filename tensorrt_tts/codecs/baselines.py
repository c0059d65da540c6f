"""The two usual ways to stream a codec, for comparison: what they cost and what they get wrong.

Both are streams of a clean token stream's whole frames, in stability reports, tests and benchmarks.
Neither is used to serve.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.base import Codec, CodecStream, Condition, Job, Step, Window
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.streams import WindowCodec


class SlidingWindow:
    """The 28-token window of the reference implementation: from the fourth frame on, decode the
    last four frames and keep the second of them (samples 2048 to 4095).

    The first frame and the last two are never heard, a short utterance is silence, and one frame of
    left context is too little to be exact.
    """

    WINDOW_FRAMES = 4

    def __init__(
        self, context: CodecContext, seed: int = 0, condition: Condition | None = None
    ) -> None:
        self._context = context
        self._seed = seed
        self._condition = condition
        self._steps: list[Step] = []
        self._calls = 0
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
        """Now that so many are whole."""
        if frames >= self.WINDOW_FRAMES:
            frame = self._context.samples_per_frame
            self._decode(
                self._steps[-self._context.steps_per_frame * self.WINDOW_FRAMES :], frame, 2 * frame
            )

    def _decode(self, steps: Sequence[Step], start: int, stop: int) -> None:
        """Its noise is drawn afresh on every call: a new seed stands for that."""
        self._calls += 1
        seed = self._seed + self._calls
        self._windows.append(Window(steps, start, stop, 0, seed, self._condition))


class FullRedecode(SlidingWindow):
    """Decode everything from the first frame whenever a frame is new, and hand out what has five
    frames behind it. The work grows with the square of the length; with noise drawn afresh on each
    decode the pieces do not fit one another either.
    """

    LOOKAHEAD_FRAMES = 5
    _emitted = 0

    def end(self, tail: int = 0) -> None:
        super().end(tail)
        self._again(len(self._steps) // self._context.steps_per_frame, 0)

    def job(self, hops: int = 1) -> Window:
        """All of it, of which `take` keeps what is new."""
        window = self._windows[0]
        return replace(window, start=0, stop=len(window.steps) * self._context.samples_per_step)

    def take(self, samples: np.ndarray) -> np.ndarray:
        window = self._windows.popleft()
        return to_int16(samples[window.start : window.stop])

    def _add(self, frames: int) -> None:
        self._again(frames, self.LOOKAHEAD_FRAMES)

    def _again(self, frames: int, behind: int) -> None:
        stop = (frames - behind) * self._context.samples_per_frame
        if stop > self._emitted:
            steps = self._steps[: frames * self._context.steps_per_frame]
            self._decode(steps, self._emitted, stop)
            self._emitted = stop


class Baseline(WindowCodec):
    """A codec whose streams are all of a usual kind, one job at a time."""

    max_batch = 1

    def __init__(self, codec: Codec, stream: type[SlidingWindow]) -> None:
        self.context = codec.context
        self._codec = codec
        self._stream = stream

    def enter_thread(self) -> None:
        self._codec.enter_thread()

    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        return self._codec.run(jobs)

    def _open(self, schedule: HopSchedule, seed: int, condition: Condition | None) -> CodecStream:
        return self._stream(self.context, seed, condition)
