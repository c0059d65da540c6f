"""SNAC 24 kHz (and any config of its architecture) behind the `Codec` protocol: windowed decode."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from tensorrt_tts.codecs.base import CodecStream, Condition, Job, Window
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.full_precision import full_precision
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.snac import weights as snac_weights
from tensorrt_tts.codecs.snac.config import SnacConfig
from tensorrt_tts.codecs.snac.stages import SnacStages, compute, needs
from tensorrt_tts.codecs.snac.stream import StateJob, StateStream, run
from tensorrt_tts.codecs.state import Interval
from tensorrt_tts.codecs.streams import WindowStream

if TYPE_CHECKING:
    from snac import SNAC


class SnacCodec:
    """One loaded SNAC decoder.

    noise: keep the decoder's noise, addressed by (seed, block, position). Off, it decodes the
    expected value: slightly less breath in fricatives.
    """

    def __init__(
        self, config: SnacConfig, model: SNAC, noise: bool = True, device: str = "cpu"
    ) -> None:
        self.config = config
        self.context: CodecContext = config.context()
        self.device = torch.device(device)
        self.max_batch = 64
        self.threads = (os.cpu_count() or 1) if self.device.type == "cpu" else 1
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

    def enter_thread(self) -> None:
        """Threads of torch's own inside each would wait for one another on few cores. What is set
        holds for this thread and for those that have not used torch yet, a language model's too."""
        if self.device.type == "cpu":
            torch.set_num_threads(1)

    @torch.inference_mode()
    @full_precision()
    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        """See `Codec`. Raises ValueError for a window that lacks steps on its left or is cut
        beyond its steps."""
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for index, job in enumerate(jobs):
            groups[self._kind(job)].append(index)
        results: list[np.ndarray] = [np.zeros(0, np.float32)] * len(jobs)
        for members in groups.values():
            chosen = [jobs[index] for index in members]
            for index, samples in zip(members, self._run(chosen), strict=True):
                results[index] = samples
        return results

    def _kind(self, job: Job) -> Hashable:
        if isinstance(job, Window):  # where in its steps it begins matters too
            return job.shape, job.start - job.origin * self.context.samples_per_step
        return job.shape

    def _run(self, jobs: Sequence[Job]) -> np.ndarray:
        """Of one kind: float32 (B, samples)."""
        windows = [job for job in jobs if isinstance(job, Window)]
        if windows:
            return self._decode(windows)
        return run(self.stages, [job for job in jobs if isinstance(job, StateJob)])

    def _decode(self, windows: Sequence[Window]) -> np.ndarray:
        """A batch of windows of one shape: float32 (B, stop − start)."""
        first = windows[0]
        if first.stop == first.start:
            return np.zeros((len(windows), 0), np.float32)
        wanted = self._intervals(first)
        codes = torch.tensor([window.steps for window in windows], device=self.device)
        seeds = torch.tensor([window.seed for window in windows], device=self.device)
        # Positions are those of the first window; the others lie `shift` positions further on.
        shift = torch.tensor(
            [window.origin - first.origin for window in windows], device=self.device
        )
        held = (first.origin, first.origin + len(first.steps))
        length = held[1]
        x = self.stages.embed(codes)
        for stage, interval in zip(self.stages.stages, wanted, strict=True):
            shift = shift * stage.rate
            noise = self.stages.noise_at(stage, interval, shift, seeds)
            x = compute(stage, x, held, interval, length, noise)
            held = interval
            length *= stage.rate
        samples: np.ndarray = x[:, 0].float().cpu().numpy()
        return samples

    def _intervals(self, window: Window) -> list[Interval]:
        """What each stage must produce so that the last one produces start … stop − 1."""
        end = window.origin + len(window.steps)
        scale = self.context.samples_per_step
        if not 0 <= window.start <= window.stop <= end * scale:
            raise ValueError(
                f"window asks for samples {window.start} to {window.stop}, its steps end at sample "
                f"{end * scale}"
            )
        wanted: list[Interval] = []
        interval: Interval = (window.start, window.stop)
        for stage in reversed(self.stages.stages):
            wanted.append(interval)
            scale //= stage.rate
            low, high = needs(stage, interval)
            interval = (max(low, 0), min(high, end * scale))
        if interval[0] < window.origin:
            raise ValueError(
                f"window begins at step {window.origin}, its samples need step {interval[0]}"
            )
        wanted.reverse()
        return wanted
