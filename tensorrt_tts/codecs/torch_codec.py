"""What codecs of torch's tensors have in common: their threads, and jobs sorted into batches."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import torch

from tensorrt_tts.codecs.base import Job, Window
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.full_precision import full_precision
from tensorrt_tts.codecs.graph_replay import Compute, GraphReplays
from tensorrt_tts.codecs.schedule import HopSchedule


class TorchCodec:
    """Half of a `Codec`. Subclasses give `open`, `_decode` and `_go_on`."""

    max_batch = 64

    def __init__(self, context: CodecContext, device: str) -> None:
        self.context = context
        self.device = torch.device(device)
        self.threads = (os.cpu_count() or 1) if self.device.type == "cpu" else 1
        self.replays = GraphReplays(self.device) if self.device.type == "cuda" else None

    def enter_thread(self) -> None:
        """Threads of torch's own inside each would wait for one another on few cores. What is set
        holds for this thread and for those that have not used torch yet, a language model's too."""
        if self.device.type == "cpu":
            torch.set_num_threads(1)

    def prepare(self, schedule: HopSchedule) -> None:
        """Nothing is made ready of what is launched kernel by kernel."""

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
            decoded = self._run([jobs[index] for index in members])
            for index, samples in zip(members, decoded, strict=True):
                results[index] = samples
        return results

    def _kind(self, job: Job) -> Hashable:
        if isinstance(job, Window):  # where in its steps it begins matters too
            return job.shape, job.start - job.origin * self.context.samples_per_step
        return job.shape

    def _run(self, jobs: Sequence[Job]) -> np.ndarray:
        """Of one kind."""
        windows = [job for job in jobs if isinstance(job, Window)]
        return self._decode(windows) if windows else self._go_on(jobs)

    def _computed(
        self, kind: Hashable, compute: Compute, inputs: Sequence[torch.Tensor]
    ) -> np.ndarray:
        """`compute(*inputs)` of inputs on the host, on the device and back; see `GraphReplays`."""
        if self.replays is not None:
            return self.replays(kind, compute, inputs)
        found: np.ndarray = compute(*(tensor.to(self.device) for tensor in inputs)).cpu().numpy()
        return found

    def _decode(self, windows: Sequence[Window]) -> np.ndarray:
        """A batch of windows of one shape: float32 (B, stop − start)."""
        raise NotImplementedError

    def _go_on(self, jobs: Sequence[Any]) -> np.ndarray:
        """A batch of the codec's own jobs, of streams with state: float32 (B, samples)."""
        raise NotImplementedError
