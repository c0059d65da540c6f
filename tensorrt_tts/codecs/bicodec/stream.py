"""BiCodec with state where it counts: the generator computes every sample once.

The prenet is decoded by windows all the same: it is a twentieth of the work, and below the whole
lookahead an output of it depends on how much of the future was known. What it has said of a step is
kept: the generator goes on from there, so that no seam can come between two hops, whatever the
lookahead.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import torch

from tensorrt_tts.codecs.base import Condition, Step
from tensorrt_tts.codecs.bicodec.speaker import Speaker
from tensorrt_tts.codecs.bicodec.stages import BiCodecStages, Stage
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.state import Interval, StageState
from tensorrt_tts.codecs.streams import Hop, HopStream
from tensorrt_tts.errors import SettingError


@dataclass(frozen=True, slots=True)
class StateJob:
    """The next positions of the generator's input, `wanted`, from `steps`, the first of which is
    number `origin`; with `ended`, the last ones. It runs once, since it changes the state."""

    states: Sequence[StageState]
    steps: Sequence[Step]
    origin: int
    wanted: Interval
    ended: bool
    condition: Condition | None

    @property
    def shape(self) -> Hashable:
        first, last = self.wanted
        place = len(self.steps), first - self.origin, last - first, self.origin == 0, self.ended
        return *place, *(state.shape for state in self.states)


class StateStream(HopStream):
    """reach: steps that the prenet looks back. before: samples that the generator looks ahead."""

    def __init__(
        self,
        context: CodecContext,
        schedule: HopSchedule,
        stages: BiCodecStages,
        reach: int,
        before: int,
        condition: Condition | None,
    ) -> None:
        """Raises SettingError for a lookahead that is neither the codec's own nor all it sees."""
        if schedule.wait(context) not in (context.lookahead, HopSchedule().wait(context)):
            raise SettingError(
                f"lookahead {schedule.lookahead} cannot be combined with stateful, which waits for "
                "the codec's own or for exact samples; leave one out"
            )
        super().__init__(context, schedule)
        self._states = [StageState(stage) for stage in stages.generator]
        self._reach = reach
        self._before = before
        self._condition = condition

    def _job(self, hop: Hop) -> StateJob:
        ended = self._ended and hop is self._hops[-1]
        wanted = self._passed(self._emitted), hop.known if ended else self._passed(hop.stop)
        origin = self._needed()
        steps = self._between(origin, hop.known)
        return StateJob(self._states, steps, origin, wanted, ended, self._condition)

    def _needed(self) -> int:
        return max(0, self._passed(self._emitted) - self._reach)

    def _passed(self, samples: int) -> int:
        """Steps that the generator has when so many samples are final; both lookaheads are the
        generator's and a whole number of steps."""
        return (samples + self._before) // self._context.samples_per_step if samples else 0


class GeneratorArithmetic:
    """See `codecs.state.Arithmetic`. speakers: of every stream, stacked."""

    def __init__(self, speakers: Speaker) -> None:
        self._speakers = speakers

    def needs(self, stage: Stage, wanted: Interval) -> Interval:
        return stage.needs(wanted)

    def settled(self, stage: Stage, known: int) -> int:
        return stage.settled(known)

    def compute(
        self,
        states: Sequence[StageState],
        x: torch.Tensor,
        held: Interval,
        wanted: Interval,
        length: int | None,
    ) -> torch.Tensor:
        stage: Stage = states[0].stage
        return stage.compute(x, held, wanted, length, self._speakers)
