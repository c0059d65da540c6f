"""A codec over an engine of one fixed window width: any window in tiles of that width, batched.

What runs the engine is a `Session`: ONNX Runtime (`snac.onnx`, `bicodec.onnx`), TensorRT
(`snac.trt`). Steps beyond a stream's ends are −1 in the engine's input, which keeps them zero
(`engines.window_graph`), so a tile of any length decodes as if it were alone, and all tiles of all
streams fit one batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import mul
from typing import Protocol

import numpy as np
import torch

from tensorrt_tts.codecs.base import Job, Window
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.noise import addressed_noise
from tensorrt_tts.codecs.snac.config import SnacConfig
from tensorrt_tts.codecs.streams import WindowCodec
from tensorrt_tts.errors import CorruptEngineError

OUTSIDE = -1
"""The code of a step that lies outside the stream."""


class Session(Protocol):
    """An engine loaded for one device. steps: window width W. max_batch: windows a call may hold.

    noisy: whether the engine takes more than codes: SNAC's four noise inputs. device: where `run`
    wants its tensors. `run(codes, others)`: int64 (B, levels, W) and float32 (B, …) each,
    contiguous, to float32 (B, W·hop) on the host, valid until the next run.
    """

    steps: int
    max_batch: int
    noisy: bool
    device: torch.device

    def run(self, codes: torch.Tensor, others: Sequence[torch.Tensor]) -> np.ndarray: ...


def exact_samples(context: CodecContext, steps: int) -> int:
    """Samples of a mid-stream window of `steps` that are exact wherever it is cut; 6359 for 32."""
    hop = context.samples_per_step
    return steps * hop - context.lookahead - context.lookbehind - (hop - 1)


def noise_rates(config: SnacConfig) -> tuple[int, ...]:
    """Noise values per step, one rate per noise input: (8, 64, 256, 512) for the 24 kHz model;
    none for a model without noise."""
    return tuple(accumulate(config.decoder_rates, mul)) if config.noise else ()


class FixedWindows(WindowCodec):
    """See `Codec`. Not for several threads at a time: the session is one set of device buffers.

    levels: codes of a step. Subclasses say what else the engine is fed.
    """

    stateless = "stateful decoding needs the torch codec; this one is an engine of fixed windows"

    def __init__(
        self, name: str, context: CodecContext, levels: int, session: Session, enough: int
    ) -> None:
        """name, enough: of the codec and of steps in a window, for messages."""
        self.context = context
        self.session = session
        self.max_batch = session.max_batch
        self._levels = levels
        if exact_samples(context, session.steps) < 1:
            raise CorruptEngineError(
                f"the codec engine's window of {session.steps} steps is too narrow for this "
                f"{name}'s context; export it again with {enough} steps or more"
            )

    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        """Raises ValueError for a window that lacks steps or asks for samples beyond its end."""
        windows = [job for job in jobs if isinstance(job, Window)]
        results = [np.empty(window.stop - window.start, np.float32) for window in windows]
        tiles = [
            (index, tile) for index, window in enumerate(windows) for tile in self._tiles(window)
        ]
        batch = self.session.max_batch
        for first in range(0, len(tiles), batch):
            group = tiles[first : first + batch]
            decoded = self._decode([tile for _, tile in group])
            for (index, tile), samples in zip(group, decoded, strict=True):
                offset = tile.origin * self.context.samples_per_step
                into = windows[index].start
                results[index][tile.start - into : tile.stop - into] = samples[
                    tile.start - offset : tile.stop - offset
                ]
        return results

    def _tiles(self, window: Window) -> Iterator[Window]:
        """Windows of at most the session's width whose samples join to those of `window`."""
        context, width = self.context, self.session.steps
        end = window.end
        window.check(context.samples_per_step)
        if context.first_step(window.start) < window.origin and window.start < window.stop:
            raise ValueError(
                f"window begins at step {window.origin}, its samples need step "
                f"{context.first_step(window.start)}"
            )
        start = window.start
        while start < window.stop:
            first = context.first_step(start)
            last = min(end, first + width)
            stop = window.stop if last == end else min(window.stop, context.final(last))
            steps = window.steps[first - window.origin : last - window.origin]
            yield Window(steps, start, stop, first, window.seed, window.condition)
            start = stop

    def _decode(self, tiles: Sequence[Window]) -> np.ndarray:
        session = self.session
        codes = torch.full((len(tiles), self._levels, session.steps), OUTSIDE, dtype=torch.int64)
        for row, tile in zip(codes, tiles, strict=True):
            row[:, : len(tile.steps)] = torch.tensor(list(tile.steps)).T
        return session.run(codes.to(session.device), self._others(tiles))

    def _others(self, tiles: Sequence[Window]) -> list[torch.Tensor]:
        """What the engine takes beside codes, of each tile."""
        raise NotImplementedError


class FixedWindowCodec(FixedWindows):
    """SNAC's. noise: as of `SnacCodec`. The graph's noise inputs are fed zeros when it is off."""

    def __init__(self, config: SnacConfig, session: Session, noise: bool = True) -> None:
        super().__init__("SNAC", config.context(), len(config.vq_strides), session, 24)
        self.config = config
        self._noise = noise
        self._rates = noise_rates(config) if session.noisy else ()

    def _others(self, tiles: Sequence[Window]) -> list[torch.Tensor]:
        session = self.session
        seeds = torch.tensor([tile.seed for tile in tiles], device=session.device)
        origins = torch.tensor([tile.origin for tile in tiles], device=session.device)
        return [
            addressed_noise(seeds, block, origins * rate, session.steps * rate).contiguous()
            if self._noise
            else torch.zeros(len(tiles), 1, session.steps * rate, device=session.device)
            for block, rate in enumerate(self._rates)
        ]
