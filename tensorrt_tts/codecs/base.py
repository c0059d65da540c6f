"""What a codec is: its streams' arithmetic, and the work that it does for many at once. Pure.

Arithmetic and work are apart. A `CodecStream` knows what its stream can decode next and keeps its
order; it computes nothing. What is due becomes a job, and the codec runs jobs of any streams
together, so that whoever owns the device (`scheduler`) can batch them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.schedule import OFFLINE, HopSchedule

Step = tuple[int, ...]
"""Codes of one step, coarse to fine; codes run from 0 to codebook_size − 1."""

Condition = tuple[int, ...]
"""What a codec needs to know of a whole stream beside its steps, such as a speaker's tokens."""


class Job(Protocol):
    """One piece of work of one stream. Codecs define their own; a `Window` is the usual one."""

    @property
    def shape(self) -> Hashable:
        """Jobs of one shape run as one batch; others are run one after another."""
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """A request for samples start … stop − 1 of a stream, with the steps they depend on.

    The stream is taken to end after the steps, which only matters to samples within `lookahead` of
    their end: at the stream's true end, and below full lookahead.
    """

    steps: Sequence[Step]
    """Consecutive steps of the stream."""
    start: int
    """From the stream's first sample."""
    stop: int
    origin: int = 0
    """The number of the first of `steps`."""
    seed: int = 0
    """Of the stream's noise."""
    condition: Condition | None = None

    @property
    def shape(self) -> Hashable:
        return self.stop - self.start, len(self.steps), self.origin == 0

    @property
    def end(self) -> int:
        """The number of the step behind the last of `steps`."""
        return self.origin + len(self.steps)

    def check(self, samples_per_step: int) -> None:
        """Raises ValueError for samples that its steps have not."""
        last = self.end * samples_per_step
        if not 0 <= self.start <= self.stop <= last:
            raise ValueError(
                f"window asks for samples {self.start} to {self.stop}, its steps end at sample "
                f"{last}"
            )


class CodecStream(Protocol):
    """One stream's place in its codec: what came in, what is due, what has been handed out.

    Steps go in by `push` and `end`. Every push may make a *hop* due: a piece of audio that is now
    final. `job(hops)` joins the oldest ones into one job, `take` turns the samples that running it
    gave into the stream's next audio. One job at a time: take before the next.
    """

    @property
    def due(self) -> int:
        """Hops that wait to be decoded; the rest of an ended stream counts as one."""
        ...

    @property
    def due_samples(self) -> int:
        """Samples that they are."""
        ...

    @property
    def done(self) -> bool:
        """Ended, and everything handed out."""
        ...

    def push(self, steps: Sequence[Step]) -> None: ...

    def end(self, tail: int = 0) -> None:
        """No more steps follow. The last `tail` give context only: the audio ends before them."""
        ...

    def job(self, hops: int = 1) -> Job:
        """What decodes the oldest `hops` that are due (at least one is). Changes nothing."""
        ...

    def take(self, samples: np.ndarray) -> np.ndarray:
        """float32 samples of the last job, shape (n,), to the int16 audio they add, often all."""
        ...


class Codec(Protocol):
    """A decoder from steps to samples.

    `run` returns one float32 array of shape (samples,) per job, in order. A window's equals that
    part of a decode of the whole stream to float rounding, whatever runs beside it, given every
    step from `CodecContext.first_step(start)` to `steps_needed(stop)`.
    """

    context: CodecContext
    max_batch: int
    """Jobs of one shape that are worth running together."""
    threads: int
    """Threads that may be in `run` at once."""

    def enter_thread(self) -> None:
        """Called by each of them before its first run."""
        ...

    def prepare(self, schedule: HopSchedule) -> None:
        """Make ready for streams of that schedule, before the first. May take seconds."""
        ...

    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]: ...

    def open(
        self,
        schedule: HopSchedule,
        seed: int = 0,
        condition: Condition | None = None,
        stateful: bool = False,
    ) -> CodecStream:
        """A new stream. stateful: keep convolution state instead of decoding windows.

        Raises SettingError where the codec keeps none.
        """
        ...


def decode(
    codec: Codec, steps: Sequence[Step], seed: int = 0, condition: Condition | None = None
) -> np.ndarray:
    """The offline decode: a whole stream at once. float32, (len(steps) · samples_per_step,)."""
    stream = codec.open(OFFLINE, seed, condition)
    stream.push(steps)
    stream.end()
    if not stream.due:
        return np.zeros(0, np.float32)
    return codec.run([stream.job()])[0]
