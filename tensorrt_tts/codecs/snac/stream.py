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
from tensorrt_tts.codecs.snac.stages import SnacStages, Stage, compute, needs, settled
from tensorrt_tts.codecs.streams import Hop, HopStream
from tensorrt_tts.errors import SettingError


class StageState:
    """What one stage holds of one stream."""

    __slots__ = ("begin", "done", "end", "held", "stage")

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.held: torch.Tensor | None = None  # inputs begin … end − 1, (channels, length)
        self.begin = 0
        self.end = 0
        self.done = 0  # outputs handed on

    @property
    def shape(self) -> Hashable:
        """The same for two streams that differ only in how far they have come."""
        length = self.end - self.begin
        return length, self.done - self.begin * self.stage.rate, self.begin == 0


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
    for states in zip(*(job.states for job in jobs), strict=True):
        state, stage = states[0], states[0].stage
        held = [s.held for s in states if s.held is not None]
        if held:  # channels outermost in memory, as `stages` keeps them
            parts = [torch.stack(held, dim=1)] + ([] if x is None else [x.transpose(0, 1)])
            x = torch.cat(parts, dim=-1).transpose(0, 1)
        elif x is None:
            continue
        new = x.shape[-1] - (state.end - state.begin)
        end = state.end + new
        until = end * stage.rate if first.ended else settled(stage, end)
        made, keep = None, 0
        if until > state.done:
            wanted = (state.done, until)
            shift = torch.tensor([s.done - state.done for s in states], device=device)
            made = compute(
                stage,
                x,
                (state.begin, end),
                wanted,
                end if first.ended else None,
                stages.noise_at(stage, wanted, shift, seeds),
            )
            keep = max(0, needs(stage, (until, until + 1))[0] - state.begin)
        gained = max(0, until - state.done)
        for row, s in enumerate(states):
            s.held = x[row, :, keep:]
            s.end += new
            s.begin += keep
            s.done += gained
        x = made
    if x is None:
        return np.zeros((len(jobs), 0), np.float32)
    samples: np.ndarray = x[:, 0].float().cpu().numpy()
    return samples
