"""The usual kinds of `CodecStream`: what all have in common, and the one of windows, with what the
codecs share that have no other. Pure.

A stream keeps its hops in order. A job holds no step that came after its last hop was due, so that
what is computed depends on the steps and the hops alone, and not on how long the job had to wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.base import CodecStream, Condition, Job, Step, Window
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.crossfade import equal_power
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.errors import SettingError


class Hop(NamedTuple):
    stop: int
    """The sample to decode up to."""
    known: int
    """Steps known when it became due."""


class HopStream:
    """What both have in common. Subclasses give `_job` and `_needed`."""

    def __init__(self, context: CodecContext, schedule: HopSchedule) -> None:
        self._context = context
        self._schedule = schedule
        self._steps: list[Step] = []
        self._origin = 0  # number of the first step still held
        self._decoded = 0  # steps known at the last hop that was decoded
        self._emitted = 0  # samples handed out
        self._hops: deque[Hop] = deque()
        self._seen = 0  # steps known when the schedule last said that a decode is due
        self._stop = 0  # where the last hop ends
        self._joined = 0  # hops in the job that is under way
        self._ended = False

    @property
    def due(self) -> int:
        return len(self._hops)

    @property
    def due_samples(self) -> int:
        return self._stop - self._emitted if self._hops else 0

    @property
    def done(self) -> bool:
        return self._ended and not self._hops

    def push(self, steps: Sequence[Step]) -> None:
        self._steps += steps
        stop = self._schedule.due(self._context, self._known, self._seen)
        if stop is not None:
            self._add(stop)

    def end(self, tail: int = 0) -> None:
        self._ended = True
        self._add((self._known - tail) * self._context.samples_per_step)

    def job(self, hops: int = 1) -> Job:
        self._joined = min(hops, len(self._hops))
        return self._job(self._hops[self._joined - 1])

    def take(self, samples: np.ndarray) -> np.ndarray:
        for _ in range(self._joined):
            stop, self._decoded = self._hops.popleft()
        samples = samples[: stop - self._emitted]
        self._emitted += len(samples)
        # Memory and work stay bounded.
        keep = min(self._needed(), self._decoded)
        del self._steps[: keep - self._origin]
        self._origin = keep
        return to_int16(samples)

    @property
    def _known(self) -> int:
        return self._origin + len(self._steps)

    def _add(self, stop: int) -> None:
        self._seen = self._known
        if stop > self._stop:
            self._hops.append(Hop(stop, self._known))
            self._stop = stop

    def _between(self, first: int, last: int) -> list[Step]:
        return self._steps[first - self._origin : last - self._origin]

    def _job(self, hop: Hop) -> Job:
        raise NotImplementedError

    def _needed(self) -> int:
        """The first step that a later job needs."""
        raise NotImplementedError


class WindowStream(HopStream):
    """Every job is a window with its whole left context.

    With a fade, a window goes on for so many samples, with less lookahead, which are held back and
    turn into the next window's: none is lost, none is heard twice, and none comes later.
    """

    def __init__(
        self,
        context: CodecContext,
        schedule: HopSchedule,
        seed: int = 0,
        condition: Condition | None = None,
    ) -> None:
        super().__init__(context, schedule)
        self._seed = seed
        self._condition = condition
        self._held = np.zeros(0, np.float32)

    def take(self, samples: np.ndarray) -> np.ndarray:
        length = self._hops[self._joined - 1].stop - self._emitted
        now, held = samples[:length], samples[length:]
        count = min(len(self._held), length)
        if count:
            now = np.concatenate([equal_power(self._held[:count], now[:count]), now[count:]])
        self._held = held
        return super().take(now)

    def _job(self, hop: Hop) -> Window:
        steps, stop = self._between(self._origin, hop.known), hop.stop
        if self._schedule.fade and not (self._ended and hop is self._hops[-1]):
            whole = hop.known * self._context.samples_per_step
            stop = min(stop + self._schedule.fade, whole)
        return Window(steps, self._emitted, stop, self._origin, self._seed, self._condition)

    def _needed(self) -> int:
        return self._context.first_step(self._emitted)


class WindowCodec:
    """Half of a codec that decodes windows alone. Subclasses give `context`, `max_batch`, `run`."""

    context: CodecContext
    threads: int = 1
    stateless = "stateful True: this codec keeps no state; decode windows"
    """What is said where state is asked for."""

    def enter_thread(self) -> None:
        """Nothing to set."""

    def prepare(self, schedule: HopSchedule) -> None:
        """Nothing is left to make ready."""

    def open(
        self,
        schedule: HopSchedule,
        seed: int = 0,
        condition: Condition | None = None,
        stateful: bool = False,
    ) -> CodecStream:
        """Raises SettingError for stateful."""
        if stateful:
            raise SettingError(self.stateless)
        return self._open(schedule, seed, condition)

    def _open(self, schedule: HopSchedule, seed: int, condition: Condition | None) -> CodecStream:
        return WindowStream(self.context, schedule, seed, condition)
