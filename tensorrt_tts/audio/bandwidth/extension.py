"""AP-BWE, loaded: opens streams, whose windows it computes together where they have one shape."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from tensorrt_tts.audio.bandwidth.config import ExtensionConfig
from tensorrt_tts.audio.bandwidth.network import ExtensionNetwork
from tensorrt_tts.audio.bandwidth.spectrum import Spectrum
from tensorrt_tts.audio.bandwidth.stream import ExtensionStream
from tensorrt_tts.audio.bandwidth.weights import load
from tensorrt_tts.codecs.full_precision import full_precision

MAX_BATCH = 16
"""Windows at a time, and threads that wait for one."""

Waiting = tuple[np.ndarray, "Future[np.ndarray]"]


class BandwidthExtension:
    """Speech of `rates[0]` Hz at `rates[1]` Hz. May be used from any thread; `threads` are there
    for it, since a window takes longer than an event loop may stand still.

    There is no thread that computes: whoever waits and finds the device free computes his own
    window, and with it all those of its shape that wait by then.
    """

    name = "ap-bwe"

    def __init__(
        self, config: ExtensionConfig, weights: Mapping[str, torch.Tensor], device: str = "cpu"
    ) -> None:
        self.config = config
        self.rates = config.lr_sampling_rate, config.hr_sampling_rate
        self.threads = ThreadPoolExecutor(MAX_BATCH, thread_name_prefix="bandwidth")
        self._device = torch.device(device)
        self._network = ExtensionNetwork(
            config, {name: tensor.to(self._device) for name, tensor in weights.items()}
        )
        self._spectrum = Spectrum(config, self._device)
        self._turn = threading.Lock()
        self._waiting: deque[Waiting] = deque()

    @classmethod
    def from_folder(cls, folder: Path, device: str = "cpu") -> BandwidthExtension:
        """Raises CheckpointNotFoundError or CorruptCheckpointError."""
        return cls(*load(folder), device)

    def open(self) -> ExtensionStream:
        return ExtensionStream(self.config, self.run)

    def run(self, window: np.ndarray) -> np.ndarray:
        """See `stream.Run`. Blocks until it has been computed."""
        found: Future[np.ndarray] = Future()
        self._waiting.append((window, found))
        with self._turn:
            if not found.done():
                self._run_with(len(window))
        return found.result()

    def close(self) -> None:
        self.threads.shutdown()

    def _run_with(self, length: int) -> None:
        """The first windows of that length that wait. All are answered, whatever happens."""
        batch: list[Waiting] = []
        others: list[Waiting] = []
        while self._waiting and len(batch) < MAX_BATCH:
            job = self._waiting.popleft()
            (batch if len(job[0]) == length else others).append(job)
        self._waiting.extendleft(reversed(others))
        try:
            results = self.compute(np.stack([window for window, _ in batch]))
        except Exception as error:
            for _, found in batch:
                found.set_exception(error)
        else:
            for (_, found), result in zip(batch, results, strict=True):
                found.set_result(result)

    def compute(self, windows: np.ndarray) -> np.ndarray:
        """float32 (B, samples), each from half a window before its first hop, to (B, samples)."""
        with torch.inference_mode(), full_precision():
            samples = torch.from_numpy(windows).to(self._device)
            frames = self._network(*self._spectrum.frames(samples))
            return self._spectrum.samples(*frames).cpu().numpy()
