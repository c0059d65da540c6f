"""SNAC 24 kHz (and any config of its architecture) behind the `Codec` protocol: windowed decode."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from tensorrt_tts.codecs.base import CodecStream, Condition, Window
from tensorrt_tts.codecs.graph_replay import CAPTURE_FROM, SIZES
from tensorrt_tts.codecs.rehearsal import rehearsed
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.snac import weights as snac_weights
from tensorrt_tts.codecs.snac.config import SnacConfig
from tensorrt_tts.codecs.snac.stages import SnacStages
from tensorrt_tts.codecs.snac.stream import StateJob, StateStream, run
from tensorrt_tts.codecs.stage import intervals
from tensorrt_tts.codecs.streams import WindowStream
from tensorrt_tts.codecs.torch_codec import TorchCodec

if TYPE_CHECKING:
    from snac import SNAC


class SnacCodec(TorchCodec):
    """One loaded SNAC decoder.

    noise: keep the decoder's noise, addressed by (seed, block, position). Off, it decodes the
    expected value: slightly less breath in fricatives.
    """

    def __init__(
        self, config: SnacConfig, model: SNAC, noise: bool = True, device: str = "cpu"
    ) -> None:
        self.config = config
        super().__init__(config.context(), device)
        self.stages = SnacStages(snac_weights.fold(model), noise and config.noise, self.device)

    @classmethod
    def from_folder(cls, folder: Path, noise: bool = True, device: str = "cpu") -> SnacCodec:
        """Raises CheckpointNotFoundError, CorruptCheckpointError."""
        config, model = snac_weights.load(folder)
        return cls(config, model, noise, device)

    def open(
        self,
        schedule: HopSchedule,
        seed: int = 0,
        condition: Condition | None = None,
        stateful: bool = False,
    ) -> CodecStream:
        if stateful:
            return StateStream(self.context, schedule, self.stages, seed)
        return WindowStream(self.context, schedule, seed)

    def prepare(self, schedule: HopSchedule) -> None:
        """Run what such streams will come with often enough for it to be captured."""
        if self.replays is None:
            return
        step = (0,) * len(self.config.vq_strides)
        for window, rows in rehearsed(self.context, schedule, step, self.max_batch):
            for size in (size for size in SIZES if size <= rows):
                for _ in range(CAPTURE_FROM):
                    self.run([window] * size)

    def _go_on(self, jobs: Sequence[StateJob]) -> np.ndarray:
        return run(self.stages, jobs)

    def _decode(self, windows: Sequence[Window]) -> np.ndarray:
        """A batch of windows of one shape: float32 (B, stop − start)."""
        first = windows[0]
        if first.stop == first.start:
            return np.zeros((len(windows), 0), np.float32)
        stages = self.stages.stages
        wanted = intervals(stages, first)

        def compute(
            codes: torch.Tensor, seeds: torch.Tensor, origins: torch.Tensor
        ) -> torch.Tensor:
            """The same, whichever window of its kind is `first`: only the differences count."""
            held, length = (first.origin, first.end), first.end
            shift = origins - first.origin
            x = self.stages.embed(codes)
            for stage, interval in zip(stages, wanted, strict=True):
                shift = shift * stage.rate
                noise = self.stages.noise_at(stage, interval, shift, seeds)
                x = stage.compute(x, held, interval, length, noise)
                held = interval
                length *= stage.rate
            return x[:, 0].float()

        rows = ([w.steps for w in windows], [w.seed for w in windows], [w.origin for w in windows])
        return self._computed(self._kind(first), compute, [torch.tensor(row) for row in rows])
