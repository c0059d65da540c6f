"""BiCodec with state: the generator computes every sample once, the prenet what is final once.

Below the whole lookahead an output of the prenet depends on how much of the future was known. So
each of its layers keeps what no later step can change, and computes the rest, up to 57 steps of it,
again for every hop. What it has said of a step is kept too: the generator goes on from there, so
that no seam can come between two hops, whatever the lookahead.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from tensorrt_tts.codecs.base import Condition, Step
from tensorrt_tts.codecs.bicodec.stages import BiCodecStages
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.state import Interval, StageState
from tensorrt_tts.codecs.streams import Hop, HopStream
from tensorrt_tts.errors import SettingError


@dataclass(frozen=True, slots=True)
class StateJob:
    """The next positions of the generator's input, `wanted`, from the next `steps`, after which
    `known` are; with `ended`, the last ones. It runs once, since it changes the states."""

    prenet: Sequence[StageState]
    generator: Sequence[StageState]
    steps: Sequence[Step]
    known: int
    wanted: Interval
    ended: bool
    condition: Condition | None

    @property
    def shape(self) -> Hashable:
        first, last = self.wanted
        place = len(self.steps), self.known - first, self.known - last, self.ended
        return *place, *(state.shape for state in (*self.prenet, *self.generator))


class StateStream(HopStream):
    """before: samples that the generator looks ahead."""

    def __init__(
        self,
        context: CodecContext,
        schedule: HopSchedule,
        stages: BiCodecStages,
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
        self._prenet = [StageState(stage) for stage in stages.prenet]
        self._generator = [StageState(stage) for stage in stages.generator]
        self._before = before
        self._condition = condition

    def _job(self, hop: Hop) -> StateJob:
        ended = self._ended and hop is self._hops[-1]
        wanted = self._passed(self._emitted), hop.known if ended else self._passed(hop.stop)
        steps = self._between(self._decoded, hop.known)
        return StateJob(
            self._prenet, self._generator, steps, hop.known, wanted, ended, self._condition
        )

    def _needed(self) -> int:
        return self._decoded

    def _passed(self, samples: int) -> int:
        """Steps that the generator has when so many samples are final; both lookaheads are the
        generator's and a whole number of steps."""
        return (samples + self._before) // self._context.samples_per_step if samples else 0
