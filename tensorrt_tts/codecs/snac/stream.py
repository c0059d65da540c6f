"""SNAC with convolution state: every sample is computed once, nothing is decoded again.

Each stage keeps the inputs that its later outputs still need and computes an output as soon as it
is final. The delay is the codec's lookahead, the same 4757 samples that the windowed decode waits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from tensorrt_tts.codecs.full_precision import full_precision
from tensorrt_tts.codecs.snac.stages import SnacStages, Stage, compute, needs, settled


class _StageState:
    """One stage's held inputs, and how many outputs it has handed on."""

    __slots__ = ("begin", "done", "end", "held", "stage")

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.held: torch.Tensor | None = None
        self.begin = 0
        self.end = 0
        self.done = 0

    def take(self, x: torch.Tensor | None) -> None:
        if x is None or x.shape[-1] == 0:
            return
        self.held = x if self.held is None else torch.cat((self.held, x), dim=-1)
        self.end += x.shape[-1]

    def ready(self, ended: bool) -> int:
        return self.end * self.stage.rate if ended else settled(self.stage, self.end)

    def produce(self, until: int, ended: bool, noise: torch.Tensor | None) -> torch.Tensor:
        assert self.held is not None
        length = self.end if ended else None
        y = compute(
            self.stage, self.held, (self.begin, self.end), (self.done, until), length, noise
        )
        self.done = until
        keep = max(self.begin, needs(self.stage, (until, until + 1))[0])
        self.held = self.held[..., keep - self.begin :]
        self.begin = keep
        return y


class SnacStream:
    """The state of one stream. Memory is bounded: about 150 positions of input per stage."""

    def __init__(self, stages: SnacStages, seed: int = 0) -> None:
        self._stages = stages
        self._states = [_StageState(stage) for stage in stages.stages]
        self._seeds = torch.tensor([seed], device=stages.device)
        self._zero = torch.zeros(1, dtype=torch.int64, device=stages.device)

    @torch.inference_mode()
    @full_precision()
    def push(self, steps: Sequence[tuple[int, ...]], ended: bool = False) -> np.ndarray:
        """Samples that `steps` made final; with `ended`, all that are left. float32 (n,)."""
        x: torch.Tensor | None = None
        if steps:
            x = self._stages.embed(torch.tensor([list(steps)], device=self._stages.device))
        for state in self._states:
            state.take(x)
            until = state.ready(ended)
            if until <= state.done:
                x = None
                continue
            noise = self._stages.noise_at(state.stage, (state.done, until), self._zero, self._seeds)
            x = state.produce(until, ended, noise)
        if x is None:
            return np.zeros(0, np.float32)
        samples: np.ndarray = x[0, 0].float().cpu().numpy()
        return samples
