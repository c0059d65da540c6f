"""One owner of a codec's device: jobs of all streams, earliest deadline first, in batches.

A stream's deadline is the moment its listener runs dry; one whose listener has nothing yet goes
before all others. The most urgent stream decides the shape of the next batch, and others with a job
of that shape join it. While several streams are open, one that has fallen behind has its waiting
hops joined into one job, which costs less than each of them alone: the hop grows under load and
shrinks when idle. It grows with the listener's lead too: what is due waits for more, up to
`SHARED_HOPS`, while the listener has twice as much to play, so that however slowly more comes, half
of the lead is left to decode in. A stream that has the codec for itself is decoded hop by hop,
always in the same pieces; unless its codec states that short hops are dear (`CodecContext.gather`).

No stream starves: one with something due, whose listener has run dry or has nothing yet, waits for
no more batches than there are other streams open, the running one included. Whoever leads a batch
before it is more urgent, and thereafter has audio that lasts longer.

`step` is all there is to it, and a test calls it with a clock of its own. `start` calls it from
threads, as many as the codec can be run by at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tensorrt_tts.codecs.base import Codec, CodecStream, Job, Step
from tensorrt_tts.playback import PlaybackClock

MAX_JOIN = 8
"""Hops of one stream that are joined at most: with hops of a frame, 0.7 s of SNAC. Only powers of
two are joined, so that the jobs of streams that are behind have few shapes."""

SHARED_HOPS = 4
"""Hops that a stream with others beside it gathers. Four of the demo voice's cost 0.29 of what they
cost one by one, eight 0.23; and a newcomer may have to wait until what is running is done."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """pcm: int16 (samples,), never empty. decode_s: seconds that its batch took."""

    pcm: np.ndarray
    decode_s: float


Deliver = Callable[[Decoded | Exception | None], None]
"""Given a stream's audio in order, then None when that was all, or why no more comes. Called from
any thread, with the scheduler locked, which keeps the order: it must not wait for anything. Raises
RuntimeError when nobody is left to take it."""


@dataclass(slots=True)
class SchedulerStats:
    """Since the start, over all threads."""

    batches: int = 0
    jobs: int = 0
    hops: int = 0
    """More than jobs, where hops were joined."""
    busy_s: float = 0.0
    """Seconds spent decoding."""
    wait_s: float = 0.0
    """Seconds that jobs could have been run and were not, all added."""
    worst_wait_s: float = 0.0
    late_s: float = 0.0
    """Seconds that listeners had run dry when their audio was ready, all added."""


class ScheduledStream:
    """One stream at the scheduler. May be used from any thread."""

    def __init__(
        self,
        scheduler: CodecScheduler,
        stream: CodecStream,
        playback: PlaybackClock,
        deliver: Deliver,
    ) -> None:
        self.stream = stream
        self.playback = playback
        self.deliver = deliver
        self.due_since: float | None = None
        """Since when its next job could be run, or has been running. None while it gathers."""
        self.running = False
        self.paused = False
        self.ended = False
        self._scheduler = scheduler

    def push(self, steps: Sequence[Step]) -> None:
        with self._scheduler.changed:
            self.stream.push(steps)
            self._scheduler.note(self)

    def end(self, tail: int = 0) -> None:
        """No more steps follow; see `CodecStream.end`."""
        with self._scheduler.changed:
            self.stream.end(tail)
            self.ended = True
            self._scheduler.note(self)
            if self.stream.done and self._scheduler.forget(self):
                self.deliver(None)

    def pause(self) -> None:
        """Nothing of it is decoded until `resume`."""
        self.paused = True

    def resume(self) -> None:
        with self._scheduler.changed:
            if self.paused:
                self.due_since = None  # nothing waited meanwhile
            self.paused = False
            self._scheduler.note(self)

    def cancel(self) -> None:
        """A job that waits never runs, and what is running is thrown away."""
        with self._scheduler.changed:
            self._scheduler.forget(self)

    def gathers(self, now: float) -> float:
        """Seconds for which what is due waits for more, should none come."""
        scheduler, due = self._scheduler, self.stream.due_samples
        if scheduler.gather:
            enough = due >= scheduler.gather
        else:
            enough = self.stream.due >= scheduler.shared_hops
        if self.ended or enough or self.playback.dry_at is None:
            return 0.0
        return max(0.0, self.playback.buffered(now) - 2 * due / scheduler.codec.context.sample_rate)

    @property
    def urgency(self) -> tuple[bool, float]:
        """Less is more urgent. Among listeners who have nothing yet, the one who waits longest."""
        dry_at = self.playback.dry_at
        return dry_at is not None, (self.due_since or 0.0) if dry_at is None else dry_at


class CodecScheduler:
    """See the module. clock: seconds, monotonic; the listeners' playback runs on it too. gather: as
    of `CodecContext`, the codec's own if None."""

    def __init__(
        self,
        codec: Codec,
        clock: Callable[[], float] = time.monotonic,
        gather: int | None = None,
    ) -> None:
        self.codec = codec
        self.gather = codec.context.gather if gather is None else gather
        self.clock = clock
        self.changed = threading.Condition()
        self._open: dict[ScheduledStream, None] = {}  # in order of arrival
        self._stats = SchedulerStats()
        self._threads: list[threading.Thread] = []
        self._idle = 1
        self._closed = False

    def start(self, reserved: int = 0) -> None:
        """Decode on threads of its own until `close`.

        reserved: cores that somebody else keeps busy, a language model above all. A thread more
        than there are cores left takes streams out of the others' batches, which cost less.
        """
        self._idle = max(1, self.codec.threads - reserved)
        for number in range(self._idle):
            thread = threading.Thread(target=self._run, name=f"codec-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def open(
        self, stream: CodecStream, playback: PlaybackClock, deliver: Deliver
    ) -> ScheduledStream:
        scheduled = ScheduledStream(self, stream, playback, deliver)
        with self.changed:
            self._open[scheduled] = None
        return scheduled

    @property
    def shared_hops(self) -> int:
        """Hops worth gathering now, whatever the codec."""
        return 1 if len(self._open) == 1 else SHARED_HOPS

    @property
    def stats(self) -> SchedulerStats:
        with self.changed:
            return replace(self._stats)

    def close(self) -> None:
        """Drops what is open, and waits for what is running."""
        with self.changed:
            self._closed = True
            self._open.clear()
            self.changed.notify_all()
        for thread in self._threads:
            thread.join()

    def step(self) -> int:
        """Run the most urgent batch, if any. Returns its jobs. Failing, it fails those streams."""
        with self.changed:
            batch = self._choose()
            if not batch:
                return 0
            self._idle -= 1
            began = self.clock()
            self._count(batch, began)
        results: Sequence[np.ndarray | Exception]
        try:
            results = self.codec.run([job for _, job, _ in batch])
        except Exception as error:
            results = [error] * len(batch)
        now = self.clock()
        with self.changed:
            self._idle += 1
            self._stats.busy_s += now - began
            for (scheduled, _, _), result in zip(batch, results, strict=True):
                scheduled.running = False
                if scheduled in self._open:  # not cancelled meanwhile
                    self._hand_out(scheduled, self._take(scheduled, result, began, now))
            self.changed.notify_all()
        return len(batch)

    def note(self, scheduled: ScheduledStream) -> None:
        """Work may have come in for it."""
        if scheduled.stream.due and scheduled in self._open:
            self._mark(scheduled)
            self.changed.notify()

    def forget(self, scheduled: ScheduledStream) -> bool:
        """Whether it was still open."""
        found = scheduled in self._open
        self._open.pop(scheduled, None)
        return found

    def _hand_out(
        self, scheduled: ScheduledStream, items: Sequence[Decoded | Exception | None]
    ) -> None:
        try:
            for item in items:
                scheduled.deliver(item)
        except RuntimeError:  # its event loop was closed
            self.forget(scheduled)

    def _waiting(self) -> list[ScheduledStream]:
        return [s for s in self._open if s.stream.due and not s.running and not s.paused]

    def _ready(self) -> bool:
        """Whether any of those waits for the device, and no longer for more of its own."""
        waiting = self._waiting()
        for scheduled in waiting:
            self._mark(scheduled)
        return any(scheduled.due_since is not None for scheduled in waiting)

    def _mark(self, scheduled: ScheduledStream) -> None:
        now = self.clock()
        if scheduled.due_since is None and not scheduled.gathers(now):
            scheduled.due_since = now

    def _choose(self) -> list[tuple[ScheduledStream, Job, int]]:
        """Streams whose jobs have one shape, those jobs, and the hops that each joins."""
        if not self._ready():
            return []
        # One that gathers may go along with those that wait, and never leads.
        ready = sorted(self._waiting(), key=lambda s: (s.due_since is None, s.urgency))
        # Threads that are idle share what is there.
        most = min(self.codec.max_batch, -(-len(ready) // max(1, self._idle)))
        batch: list[tuple[ScheduledStream, Job, int]] = []
        for scheduled in ready:
            if len(batch) == most:
                break
            hops = self._hops(scheduled)
            job = scheduled.stream.job(hops)
            if batch and job.shape != batch[0][1].shape:
                # One that is further behind than the first may still join it with fewer hops.
                hops = min(hops, batch[0][2])
                job = scheduled.stream.job(hops)
            if not batch or job.shape == batch[0][1].shape:
                scheduled.running = True
                batch.append((scheduled, job, hops))
        return batch

    def _hops(self, scheduled: ScheduledStream) -> int:
        stream, most = scheduled.stream, 1 if len(self._open) == 1 else MAX_JOIN
        gathered = self.gather * stream.due // max(1, stream.due_samples)
        return 1 << (min(stream.due, max(most, gathered)).bit_length() - 1)

    def _count(self, batch: list[tuple[ScheduledStream, Job, int]], began: float) -> None:
        stats = self._stats
        stats.batches += 1
        stats.jobs += len(batch)
        for scheduled, _, hops in batch:
            stats.hops += hops
            if scheduled.due_since is not None:
                waited = began - scheduled.due_since
                stats.wait_s += waited
                stats.worst_wait_s = max(stats.worst_wait_s, waited)

    def _take(
        self, scheduled: ScheduledStream, result: np.ndarray | Exception, began: float, now: float
    ) -> list[Decoded | Exception | None]:
        """What its listener is given."""
        if isinstance(result, Exception):
            self.forget(scheduled)
            return [result]
        stream = scheduled.stream
        pcm = stream.take(result)
        scheduled.due_since = None
        items: list[Decoded | Exception | None] = []
        if len(pcm):
            self._stats.late_s += scheduled.playback.add(len(pcm), now)
            items.append(Decoded(pcm, now - began))
        if stream.due:
            self._mark(scheduled)
        if stream.done:
            self.forget(scheduled)
            items.append(None)
        return items

    def _run(self) -> None:
        self.codec.enter_thread()
        while True:
            with self.changed:
                while not (self._closed or self._ready()):
                    now = self.clock()
                    self.changed.wait(min((s.gathers(now) for s in self._waiting()), default=None))
                if self._closed:
                    return
            self.step()
