"""BiCodec (any config of its architecture) as a `Codec`: by windows, or with state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tensorrt_tts.codecs.base import CodecStream, Condition, Step, Window
from tensorrt_tts.codecs.bicodec import weights as bicodec_weights
from tensorrt_tts.codecs.bicodec.config import BiCodecConfig
from tensorrt_tts.codecs.bicodec.speaker import Speaker, Speakers
from tensorrt_tts.codecs.bicodec.stages import (
    GENERATOR_INPUT,
    BiCodecStages,
    VoicedStage,
    Weights,
    style_names,
)
from tensorrt_tts.codecs.bicodec.stream import StateJob, StateStream
from tensorrt_tts.codecs.full_precision import full_precision
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.stage import backwards, intervals
from tensorrt_tts.codecs.state import Interval, StageState, advance
from tensorrt_tts.codecs.streams import WindowStream
from tensorrt_tts.codecs.torch_codec import TorchCodec


class BiCodec(TorchCodec):
    """One loaded decoder. A step is one semantic code, a condition the speaker's tokens.

    It has no noise: the seed changes nothing.
    """

    def __init__(self, config: BiCodecConfig, weights: Weights, device: str = "cpu") -> None:
        """weights: as `weights.shapes` names them."""
        self.config = config
        super().__init__(config.context(), device)
        self.stages = BiCodecStages(config, weights, self.device)
        self.speakers = Speakers(config, weights, style_names(config), self.device)

    @classmethod
    def from_folder(cls, folder: Path, device: str = "cpu") -> BiCodec:
        """Raises CheckpointNotFoundError, CorruptCheckpointError."""
        return cls(*bicodec_weights.load(folder), device)

    def open(
        self,
        schedule: HopSchedule,
        seed: int = 0,
        condition: Condition | None = None,
        stateful: bool = False,
    ) -> CodecStream:
        if stateful:
            _, before = self.config.reach()
            context = replace(self.context, default_lookahead=self.config.state_lookahead())
            return StateStream(context, schedule, self.stages, before, condition)
        return WindowStream(self.context, schedule, seed, condition)

    @torch.inference_mode()
    @full_precision()
    def trace(self, steps: Sequence[Step], condition: Condition) -> dict[str, np.ndarray]:
        """What a decode of a whole stream computes on its way, each (channels, positions): "z_q",
        "d_vector" (of one position), "gen_in", "wav", and every stage's output under the released
        module's name."""
        speaker = self.speakers.speaker(condition)
        found = {"d_vector": speaker.vector[:, None]}
        length, x = len(steps), self.stages.embed(self._codes([steps]))
        found["z_q"] = x[0]
        for name, stage in zip(self.stages.names, self.stages.stages, strict=True):
            held, wanted = (0, length), (0, length * stage.rate)
            x = stage.compute(x, held, wanted, length, Speaker.stack([speaker]))
            length *= stage.rate
            found[name] = x[0]
        found["prenet.linear"] = found[GENERATOR_INPUT] - found["d_vector"]
        found["wav"] = x[0]
        return {name: tensor.float().cpu().numpy() for name, tensor in found.items()}

    def _codes(self, streams: Sequence[Sequence[Step]]) -> torch.Tensor:
        codes = [[code for (code,) in steps] for steps in streams]
        return torch.tensor(codes, dtype=torch.int64, device=self.device)

    def _decode(self, windows: Sequence[Window]) -> np.ndarray:
        """A batch of windows of one shape: float32 (B, stop − start)."""
        first = windows[0]
        if first.stop == first.start:
            return np.zeros((len(windows), 0), np.float32)
        length, speakers = first.end, self.speakers.stacked(windows)
        held = (first.origin, length)
        x = self.stages.embed(self._codes([window.steps for window in windows]))
        stages = self.stages.stages
        for stage, interval in zip(stages, intervals(stages, first), strict=True):
            x = stage.compute(x, held, interval, length, speakers)
            held = interval
            length *= stage.rate
        return _samples(x)

    def _go_on(self, jobs: Sequence[StateJob]) -> np.ndarray:
        """A batch of jobs of one shape: what they made final, float32 (B, n)."""
        first, x, ended = jobs[0], None, jobs[0].ended
        speakers = self.speakers.stacked(jobs)

        def compute(
            states: Sequence[StageState],
            x: torch.Tensor,
            held: Interval,
            wanted: Interval,
            length: int | None,
        ) -> torch.Tensor:
            stage: VoicedStage = states[0].stage
            return stage.compute(x, held, wanted, length, speakers)

        count = first.wanted[1] - first.wanted[0]
        if count > 0:
            stops = [stop for _, stop in backwards(self.stages.prenet, first.wanted, first.known)]
            x = self.stages.embed(self._codes([job.steps for job in jobs]))
            x = advance([job.prenet for job in jobs], x, ended, compute, stops)
            assert x is not None  # it ends where it was wanted to
            x = x[..., -count:]
        x = advance([job.generator for job in jobs], x, ended, compute)
        return np.zeros((len(jobs), 0), np.float32) if x is None else _samples(x)


def _samples(x: torch.Tensor) -> np.ndarray:
    samples: np.ndarray = x[:, 0].float().cpu().numpy()
    return samples
