"""The two usual ways to stream a codec, for comparison: what they cost and what they get wrong.

Both feed on whole frames of a clean token stream and take the place of the decoder in stability
reports, tests and benchmarks. Neither is used to serve.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.base import Codec, Step, Window, decode
from tensorrt_tts.families.base import FrameParser


class SlidingWindow:
    """The 28-token window of the reference implementation: from the fourth frame on, decode the
    last four frames and keep the second of them (samples 2048 to 4095).

    The first frame and the last two are never heard, a short utterance is silence, and one frame of
    left context is too little to be exact.
    """

    WINDOW_FRAMES = 4

    def __init__(self, codec: Codec, parser: FrameParser, seed: int = 0) -> None:
        self._codec = codec
        self._parser = parser
        self._seed = seed
        self._steps: list[Step] = []
        self._calls = 0

    def push(self, ids: Iterable[int]) -> np.ndarray:
        context = self._codec.context
        size = self.WINDOW_FRAMES * context.steps_per_frame
        out = [np.zeros(0, np.int16)]
        for token in ids:
            self._steps += self._parser.push([token])
            if len(self._steps) < size:
                continue
            frame = context.samples_per_frame
            self._calls += 1
            # Its noise is drawn afresh on every call: a new seed stands for that.
            seed, condition = self._seed + self._calls, self._parser.condition
            window = Window(self._steps[:size], frame, 2 * frame, 0, seed, condition)
            out.append(to_int16(self._codec.run([window])[0]))
            del self._steps[: context.steps_per_frame]
        return np.concatenate(out)

    def flush(self) -> np.ndarray:
        return np.zeros(0, np.int16)


class FullRedecode:
    """Decode everything from the first frame whenever a frame is new, and hand out what has five
    frames behind it. The work grows with the square of the length; with noise drawn afresh on each
    decode the pieces do not fit one another either.
    """

    LOOKAHEAD_FRAMES = 5

    def __init__(self, codec: Codec, parser: FrameParser, seed: int = 0) -> None:
        self._codec = codec
        self._parser = parser
        self._seed = seed
        self._steps: list[Step] = []
        self._emitted = 0
        self._calls = 0
        self._decoded = 0

    def push(self, ids: Iterable[int]) -> np.ndarray:
        self._steps += self._parser.push(ids)
        context = self._codec.context
        whole = len(self._steps) // context.steps_per_frame
        if whole <= max(self._decoded, self.LOOKAHEAD_FRAMES):
            return np.zeros(0, np.int16)
        return self._again(whole, (whole - self.LOOKAHEAD_FRAMES) * context.samples_per_frame)

    def flush(self) -> np.ndarray:
        context = self._codec.context
        whole = len(self._steps) // context.steps_per_frame
        return self._again(whole, whole * context.samples_per_frame)

    def _again(self, whole: int, stop: int) -> np.ndarray:
        if stop <= self._emitted:
            return np.zeros(0, np.int16)
        self._calls += 1
        self._decoded = whole
        steps = self._steps[: whole * self._codec.context.steps_per_frame]
        seed, condition = self._seed + self._calls, self._parser.condition
        samples = decode(self._codec, steps, seed, condition)
        begin, self._emitted = self._emitted, stop
        return to_int16(samples[begin:stop])
