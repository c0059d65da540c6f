"""What every codec promises, as one suite. A subclass gives `subject`; see the tests of codecs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.base import Codec, CodecStream, Condition, Step, Window, decode
from tensorrt_tts.codecs.schedule import OFFLINE, HopSchedule
from tensorrt_tts.errors import SettingError
from tests.support.examples import examples


@dataclass(frozen=True)
class Subject:
    """A codec and how it is to be used. size: codes of each of `levels`. most: steps of a stream at
    most, where decoding is slow. conditions: two that sound different, where it needs one.
    stateful: which kinds of stream it has. listens: False for one whose sound is always there.
    seeded: False for one without randomness."""

    codec: Codec
    size: int
    levels: int = 3
    most: int = 60
    conditions: tuple[Condition | None, Condition | None] = (None, None)
    stateful: tuple[bool, ...] = (False,)
    listens: bool = True
    seeded: bool = True

    @property
    def sps(self) -> int:
        return self.codec.context.samples_per_step

    @property
    def reach(self) -> int:
        """Steps to either side that one is heard in, at most."""
        context = self.codec.context
        return -(-max(context.lookahead, context.lookbehind) // self.sps)

    def steps(self, count: int, seed: int = 0) -> list[Step]:
        draw = random.Random(seed)
        return [tuple(draw.randrange(self.size) for _ in range(self.levels)) for _ in range(count)]

    def offline(self, steps: Sequence[Step], seed: int = 0) -> np.ndarray:
        return decode(self.codec, steps, seed, self.conditions[0])

    def open(self, schedule: HopSchedule, seed: int = 0, stateful: bool = False) -> CodecStream:
        return self.codec.open(schedule, seed, self.conditions[0], stateful)


def exact(subject: Subject, draw: random.Random) -> HopSchedule:
    """A schedule that waits for exact samples."""
    lookahead = subject.codec.context.lookahead
    return HopSchedule(lookahead, hop=draw.randint(1, 9), first_hop=draw.randint(1, 5))


def assert_same(ours: np.ndarray, theirs: np.ndarray) -> None:
    """int16, to ±1 LSB."""
    assert ours.dtype == theirs.dtype == np.int16
    assert len(ours) == len(theirs)
    assert np.abs(ours.astype(int) - theirs).max(initial=0) <= 1


class CodecConformance:
    @pytest.fixture
    def subject(self) -> Any:
        raise NotImplementedError

    @settings(
        max_examples=examples(10),
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(seed=st.integers(0, 2**32), streams=st.integers(1, 4))
    def test_streams_together_are_each_alone_and_offline(
        self, subject: Subject, seed: int, streams: int
    ) -> None:
        """Any chunking, schedule and joining, any mix of kinds and of progress in one run: each
        stream is its offline decode, in its own place, and has its exact length."""
        draw = random.Random(seed)
        opened, heard, waiting, expected = [], [], [], []
        for number in range(streams):
            stateful = draw.choice(subject.stateful)
            steps = subject.steps(draw.randint(1, subject.most), seed + number)
            tail = draw.choice([0, len(steps) % subject.codec.context.steps_per_frame])
            opened.append(subject.open(exact(subject, draw), number, stateful))
            heard.append([np.zeros(0, np.int16)])
            waiting.append((steps, tail))
            whole = subject.offline(steps, number)
            expected.append(to_int16(whole[: (len(steps) - tail) * subject.sps]))
        fed = [0] * streams
        while not all(stream.done for stream in opened):
            for number, stream in enumerate(opened):
                steps, tail = waiting[number]
                if fed[number] < len(steps) and draw.random() < 0.7:
                    count = draw.choice([1, 2, 5, 30])
                    stream.push(steps[fed[number] : fed[number] + count])
                    fed[number] += count
                    if fed[number] >= len(steps):
                        stream.end(tail)
            due = [number for number, s in enumerate(opened) if s.due and draw.random() < 0.7]
            jobs = [opened[number].job(draw.choice([1, 1, 2, 8])) for number in due]
            results = subject.codec.run(jobs)
            assert len(results) == len(jobs)
            for number, job, samples in zip(due, jobs, results, strict=True):
                assert samples.dtype == np.float32
                if isinstance(job, Window):
                    assert samples.shape == (job.stop - job.start,)
                heard[number].append(opened[number].take(samples))
        for parts, whole in zip(heard, expected, strict=True):
            assert_same(np.concatenate(parts), whole)

    def test_more_jobs_than_a_batch_keep_their_order(self, subject: Subject) -> None:
        count = min(subject.codec.max_batch + 1, 70)
        windows = [
            Window(subject.steps(3, seed), 0, 3 * subject.sps, 0, seed, subject.conditions[0])
            for seed in range(count)
        ]
        for window, samples in zip(windows, subject.codec.run(windows), strict=True):
            (alone,) = subject.codec.run([window])
            assert_same(to_int16(samples), to_int16(alone))

    def test_any_window_with_its_context_is_that_part_of_the_whole(self, subject: Subject) -> None:
        context, length = subject.codec.context, max(60, 3 * subject.reach)
        steps = subject.steps(length)
        whole, draw, windows = subject.offline(steps), random.Random(0), []
        for _ in range(12):
            start = draw.randrange(length * subject.sps)
            stop = draw.randint(start + 1, min(length * subject.sps, start + 3 * subject.sps))
            first, last = context.first_step(start), min(length, context.steps_needed(stop))
            windows.append(Window(steps[first:last], start, stop, first, 0, subject.conditions[0]))
        for window, samples in zip(windows, subject.codec.run(windows), strict=True):
            assert_same(to_int16(samples), to_int16(whole[window.start : window.stop]))

    def test_a_step_is_heard_within_the_declared_context_and_nowhere_else(
        self, subject: Subject
    ) -> None:
        if not subject.listens:
            pytest.skip("its sound does not depend on the steps")
        context, at = subject.codec.context, max(30, subject.reach + 10)
        steps = subject.steps(2 * at)
        changed = list(steps)
        changed[at] = tuple((code + 1) % subject.size for code in steps[at])
        before, after = subject.offline(steps), subject.offline(changed)
        where = np.flatnonzero(np.abs(before - after) > 1e-5)
        assert len(where)
        assert where[0] >= at * subject.sps - context.lookahead
        assert where[-1] < (at + 1) * subject.sps + context.lookbehind

    def test_what_is_final_no_later_step_changes(self, subject: Subject) -> None:
        context, known = subject.codec.context, max(30, subject.reach + 5)
        steps, final = subject.steps(known + 10), context.final(known)
        assert final > 0
        assert_same(
            to_int16(subject.offline(steps[:known])[:final]),
            to_int16(subject.offline(steps)[:final]),
        )
        assert context.steps_needed(final) == known

    def test_a_window_that_lacks_steps_is_refused(self, subject: Subject) -> None:
        if not subject.listens:
            pytest.skip("it needs no steps")
        context, steps, condition = subject.codec.context, subject.steps(40), subject.conditions[0]
        start = 30 * subject.sps
        first = context.first_step(start) + 1
        for window in (
            Window(steps[first:], start, start + 1, first, 0, condition),
            Window(steps, 0, 40 * subject.sps + 1, 0, 0, condition),
        ):
            with pytest.raises(ValueError, match=r"window|samples"):
                subject.codec.run([window])

    def test_nothing_is_nothing(self, subject: Subject) -> None:
        assert subject.codec.run([]) == []
        window = Window(subject.steps(4), 7, 7, condition=subject.conditions[0])
        assert subject.codec.run([window])[0].shape == (0,)
        assert subject.offline([]).shape == (0,)
        for stateful in subject.stateful:
            stream = subject.open(HopSchedule(), stateful=stateful)
            assert (stream.due, stream.done) == (0, False)
            stream.end()
            assert (stream.due, stream.done) == (0, True)

    def test_the_seed_and_the_condition_are_passed_on(self, subject: Subject) -> None:
        steps, (this, other) = subject.steps(20), subject.conditions
        first = decode(subject.codec, steps, 1, this)
        np.testing.assert_array_equal(first, decode(subject.codec, steps, 1, this))
        again = decode(subject.codec, steps, 2, this)
        assert np.allclose(first, again, atol=1e-4) is not subject.seeded
        if other is not None:
            assert not np.allclose(first, decode(subject.codec, steps, 1, other), atol=1e-4)
            stream = subject.codec.open(OFFLINE, 1, other)
            stream.push(steps)
            stream.end()
            job = stream.job()
            assert isinstance(job, Window)
            assert (job.seed, job.condition) == (1, other)

    def test_stateful_is_refused_where_no_state_is_kept(self, subject: Subject) -> None:
        if True in subject.stateful:
            with pytest.raises(SettingError, match="lookahead 0 cannot be combined with stateful"):
                subject.open(HopSchedule(lookahead=0), stateful=True)
        else:
            with pytest.raises(SettingError, match="stateful"):
                subject.open(HopSchedule(), stateful=True)

    def test_its_numbers_make_sense(self, subject: Subject) -> None:
        codec = subject.codec
        assert codec.max_batch >= 1
        assert codec.threads >= 1
        assert HopSchedule().wait(codec.context) <= codec.context.lookahead
        codec.enter_thread()
