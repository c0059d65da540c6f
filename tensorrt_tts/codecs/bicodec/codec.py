"""BiCodec (any config of its architecture) behind the `Codec` protocol: windowed decode."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np
import torch

from tensorrt_tts.codecs.base import CodecStream, Condition, Job, Step, Window
from tensorrt_tts.codecs.bicodec import weights as bicodec_weights
from tensorrt_tts.codecs.bicodec.config import BiCodecConfig
from tensorrt_tts.codecs.bicodec.speaker import Speaker, Speakers
from tensorrt_tts.codecs.bicodec.stages import GENERATOR_INPUT, BiCodecStages, Weights, style_names
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.full_precision import full_precision
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.snac.stages import Interval
from tensorrt_tts.codecs.streams import WindowStream
from tensorrt_tts.errors import SettingError


class BiCodec:
    """One loaded decoder. A step is one semantic code, a condition the speaker's tokens.

    It has no noise: the seed changes nothing.
    """

    def __init__(self, config: BiCodecConfig, weights: Weights, device: str = "cpu") -> None:
        """weights: as `weights.shapes` names them."""
        self.config = config
        self.context: CodecContext = config.context()
        self.device = torch.device(device)
        self.max_batch = 64
        self.threads = (os.cpu_count() or 1) if self.device.type == "cpu" else 1
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
            raise SettingError("stateful decoding: BiCodec keeps no state; leave it out")
        return WindowStream(self.context, schedule, seed, condition)

    def enter_thread(self) -> None:
        """As `SnacCodec.enter_thread`, for the same reason."""
        if self.device.type == "cpu":
            torch.set_num_threads(1)

    @torch.inference_mode()
    @full_precision()
    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        """See `Codec`. Raises ValueError for a window that lacks steps on its left or is cut
        beyond its steps, and for one of nobody."""
        windows = [job for job in jobs if isinstance(job, Window)]
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for index, window in enumerate(windows):
            # Where in its steps it begins matters too.
            begin = window.start - window.origin * self.context.samples_per_step
            groups[window.shape, begin].append(index)
        results: list[np.ndarray] = [np.zeros(0, np.float32)] * len(windows)
        for members in groups.values():
            decoded = self._decode([windows[index] for index in members])
            for index, samples in zip(members, decoded, strict=True):
                results[index] = samples
        return results

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
        wanted = self._intervals(first)
        speakers = Speaker.stack([self._of(window) for window in windows])
        held = (first.origin, first.origin + len(first.steps))
        length = held[1]
        x = self.stages.embed(self._codes([window.steps for window in windows]))
        for stage, interval in zip(self.stages.stages, wanted, strict=True):
            x = stage.compute(x, held, interval, length, speakers)
            held = interval
            length *= stage.rate
        samples: np.ndarray = x[:, 0].float().cpu().numpy()
        return samples

    def _of(self, window: Window) -> Speaker:
        if window.condition is None:
            raise ValueError("a window of no speaker: BiCodec needs a stream's condition")
        return self.speakers.speaker(window.condition)

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
            low, high = stage.needs(interval)
            interval = (max(low, 0), min(high, end * scale))
        if interval[0] < window.origin:
            raise ValueError(
                f"window begins at step {window.origin}, its samples need step {interval[0]}"
            )
        wanted.reverse()
        return wanted
