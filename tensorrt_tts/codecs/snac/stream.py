"""SNAC with convolution state: every sample is computed once, nothing is decoded again.

Each stage keeps the inputs that its later outputs still need and computes an output as soon as it
is final. The delay is the codec's lookahead, the same 4757 samples that the windowed decode waits.
Streams whose stages hold the same amounts, as all do that are past their start and advance by the
same hop, are computed as one batch.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tensorrt_tts.codecs.base import Step
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.snac.stages import SnacStage, SnacStages
from tensorrt_tts.codecs.state import Interval, StageState, advance
from tensorrt_tts.codecs.streams import Hop, HopStream
from tensorrt_tts.errors import SettingError


@dataclass(frozen=True, slots=True)
class StateJob:
    """The next steps of a stream with state; with `ended`, its last ones. It runs once, since it
    changes the state."""

    states: Sequence[StageState]
    steps: Sequence[Step]
    ended: bool
    seed: int

    @property
    def shape(self) -> Hashable:
        return len(self.steps), self.ended, tuple(state.shape for state in self.states)


class StateStream(HopStream):
    """Memory is bounded: about 150 positions of input per stage."""

    def __init__(
        self, context: CodecContext, schedule: HopSchedule, stages: SnacStages, seed: int = 0
    ) -> None:
        """Raises SettingError for a schedule that does not wait for exact samples."""
        if schedule.wait(context) != context.lookahead:
            raise SettingError(
                f"lookahead {schedule.lookahead} cannot be combined with stateful, which "
                "always waits for exact samples; leave one out"
            )
        super().__init__(context, schedule)
        self._states = [StageState(stage) for stage in stages.stages]
        self._seed = seed

    def _job(self, hop: Hop) -> StateJob:
        steps = self._between(self._decoded, hop.known)
        return StateJob(self._states, steps, self._ended and hop is self._hops[-1], self._seed)

    def _needed(self) -> int:
        return self._decoded


def run(stages: SnacStages, jobs: Sequence[StateJob]) -> np.ndarray:
    """Jobs of one shape: the samples that their steps made final, float32 (B, n); of ended streams
    all that are left."""
    first, device = jobs[0], stages.device
    seeds = torch.tensor([job.seed for job in jobs], device=device)
    x: torch.Tensor | None = None
    if first.steps:
        x = stages.embed(torch.tensor([list(job.steps) for job in jobs], device=device))

    def compute(
        states: Sequence[StageState],
        x: torch.Tensor,
        held: Interval,
        wanted: Interval,
        length: int | None,
    ) -> torch.Tensor:
        stage: SnacStage = states[0].stage
        shift = torch.tensor([s.done - states[0].done for s in states], device=device)
        noise = stages.noise_at(stage, wanted, shift, seeds)
        return stage.compute(x, held, wanted, length, noise)

    x = advance([job.states for job in jobs], x, first.ended, compute)
    if x is None:
        return np.zeros((len(jobs), 0), np.float32)
    samples: np.ndarray = x[:, 0].float().cpu().numpy()
    return samples
