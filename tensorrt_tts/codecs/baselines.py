"""The usual ways to stream a codec, for comparison: what they cost and what they get wrong.

All are streams of a clean token stream's whole frames, in stability reports, tests and benchmarks.
None is used to serve.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.base import Codec, CodecStream, Condition, Job, Step, Window
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.crossfade import linear
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.streams import WindowCodec


class SlidingWindow:
    """The 28-token window of the reference implementation: from the fourth frame on, decode the
    last four frames and keep the second of them (samples 2048 to 4095).

    The first frame and the last two are never heard, a short utterance is silence, and one frame of
    left context is too little to be exact.
    """

    WINDOW_FRAMES = 4
    LOST = 1
    """Frames at the beginning that are never heard."""
    WHOLE = False
    """Whether all of a window is decoded, as it is usually done, and not what of it is new."""

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
    def due_samples(self) -> int:
        return sum(window.stop - window.start for window in self._windows)

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
        window = self._windows[0]
        if self.WHOLE and window.stop > window.start:
            return replace(window, start=0, stop=len(window.steps) * self._context.samples_per_step)
        return window

    def take(self, samples: np.ndarray) -> np.ndarray:
        return to_int16(self._new(samples))

    def _new(self, samples: np.ndarray) -> np.ndarray:
        """What is new of the oldest window's samples. The window is done with."""
        window = self._windows.popleft()
        whole = self.WHOLE and window.stop > window.start
        return samples[window.start : window.stop] if whole else samples

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
    LOST = 0
    WHOLE = True
    _emitted = 0

    def end(self, tail: int = 0) -> None:
        super().end(tail)
        self._again(len(self._steps) // self._context.steps_per_frame, 0)

    def _add(self, frames: int) -> None:
        self._again(frames, self.LOOKAHEAD_FRAMES)

    def _again(self, frames: int, behind: int) -> None:
        stop = (frames - behind) * self._context.samples_per_frame
        if stop > self._emitted:
            steps = self._steps[: frames * self._context.steps_per_frame]
            self._decode(steps, self._emitted, stop)
            self._emitted = stop


def cosines(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Equal power for what has nothing in common, as it is usually written. float32 (n,) each."""
    at = (np.arange(len(old), dtype=np.float32) + 0.5) * np.float32(np.pi / 2 / max(1, len(old)))
    faded: np.ndarray = np.cos(at) * old + np.sin(at) * new
    return faded


class RecentWindow(SlidingWindow):
    """The last 128 tokens decoded as if they were all there is: when the first ten are known, then
    every 48. The last 50 ms of each decode are held back and turn into the next one's.

    FIRST, EVERY, WINDOW: frames, of a codec whose frame is one token. at: numbers of frames known
    at which to decode instead, so as to be heard when somebody else is.
    """

    FIRST, EVERY, WINDOW = 10, 48, 128
    LOST = 0
    FADE_S = 0.05
    CURVE: Callable[[np.ndarray, np.ndarray], np.ndarray] = staticmethod(cosines)

    def __init__(
        self,
        context: CodecContext,
        seed: int = 0,
        condition: Condition | None = None,
        at: Collection[int] | None = None,
    ) -> None:
        super().__init__(context, seed, condition)
        self._at = at
        self._fade = round(self.FADE_S * context.sample_rate)
        self._seen = 0  # frames
        self._held = np.zeros(0, np.float32)
        self._told = 0  # samples that windows have been asked for, but for those held back

    def end(self, tail: int = 0) -> None:
        super().end(tail)
        known = len(self._steps) // self._context.steps_per_frame
        if known > self._seen:
            self._again(known)
        elif self._seen:  # an empty window, for what was held back
            self._decode(self._steps[-1:], 0, 0)

    def take(self, samples: np.ndarray) -> np.ndarray:
        samples, count = self._new(samples), len(self._held)
        if len(samples):
            faded = type(self).CURVE(self._held, samples[:count])
            samples = np.concatenate([faded, samples[count:]])
        else:
            samples = self._held
        last = self._ended and not self._windows
        now, self._held = np.split(samples, [len(samples) - (0 if last else self._fade)])
        return to_int16(now)

    def _add(self, frames: int) -> None:
        usual = self._seen + self.EVERY if self._seen else self.FIRST
        if frames == usual if self._at is None else frames in self._at:
            self._again(frames)

    def _again(self, known: int) -> None:
        """From what was held back on, to the end of what is known."""
        per_frame, hop, self._seen = (
            self._context.steps_per_frame,
            self._context.samples_per_frame,
            known,
        )
        first = self._first(known)
        steps = self._steps[first * per_frame : known * per_frame]
        base, stop = first * hop, known * hop
        if stop > self._told:
            self._decode(steps, self._told - base, stop - base)
        self._told = stop - self._fade

    def _first(self, known: int) -> int:
        """The first frame of a window."""
        return max(0, known - self.WINDOW)


class WholeRecentWindow(RecentWindow):
    """The same as it is usually run: all of the 128 are decoded each time."""

    WHOLE = True


class OverlappedChunks(RecentWindow):
    """Chunks of a second, each decoded by itself from the last 0.1 s of the one before it, over
    which one turns into the other along a straight line."""

    FIRST, EVERY = 50, 45
    FADE_S = 0.1
    CURVE = staticmethod(linear)

    def _first(self, known: int) -> int:
        return self._told // self._context.samples_per_frame


class RecentFrames(RecentWindow):
    """The same of SNAC, whose frame is seven tokens: the last 126, when the first three frames are
    known, then every seven."""

    FIRST, EVERY, WINDOW = 3, 7, 18


class OverlappedFrames(OverlappedChunks):
    """The same of SNAC: twelve frames, the first of which is the last one of the chunk before."""

    FIRST, EVERY = 12, 11
    FADE_S = 2048 / 24_000


class Baseline(WindowCodec):
    """A codec whose streams are all of a usual kind, one job at a time."""

    max_batch = 1

    def __init__(
        self,
        codec: Codec,
        stream: Callable[[CodecContext, int, Condition | None], CodecStream],
    ) -> None:
        self.context = replace(codec.context, gather=0)
        self._codec = codec
        self._stream = stream

    def enter_thread(self) -> None:
        self._codec.enter_thread()

    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        return self._codec.run(jobs)

    def _open(self, schedule: HopSchedule, seed: int, condition: Condition | None) -> CodecStream:
        return self._stream(self.context, seed, condition)
