"""SNAC as it is usually run: the package's own decode, each window whole, one request at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from tensorrt_tts.codecs.base import Job, Window
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.snac.weights import fold
from tensorrt_tts.codecs.streams import WindowCodec

if TYPE_CHECKING:
    from snac import SNAC


class UsualCodec(WindowCodec):
    """See `Codec`. Its noise is drawn afresh on every call, as the package does."""

    max_batch = 1

    def __init__(self, model: SNAC, context: CodecContext) -> None:
        """The weight norm is folded, which is faster than as it is loaded."""
        self.context = context
        self._model = fold(model).eval()

    def enter_thread(self) -> None:
        """One of torch's own, which is the better for it where cores are contended: with two, the
        demo codec was seen to take 3 to 8 s of CPU per second of audio there, with one 0.5."""
        torch.set_num_threads(1)

    @torch.inference_mode()
    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        results = []
        for window in (job for job in jobs if isinstance(job, Window)):
            coarse, mid, fine = torch.tensor(window.steps).T[:, None]
            samples = self._model.decode([coarse[:, ::4], mid[:, ::2], fine])
            results.append(samples[0, 0, window.start : window.stop].numpy())
        return results
