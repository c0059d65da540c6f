"""Random training crops of the synthesised corpus."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from demo_voice.features import HOP, MELS, SILENCE_LEVEL, SIZE, Shard, load_shard, shard_names
from demo_voice.phase import FRAME

PER_FRAME = FRAME // HOP


def silence(latents: int) -> np.ndarray:
    """Features [latents, SIZE] of digital silence."""
    frame = np.zeros((latents, SIZE), np.float32)
    frame[:, : 2 * MELS] = SILENCE_LEVEL
    return frame


def with_context(features: np.ndarray, start: int, stop: int, context: int) -> np.ndarray:
    """Features [start - context, stop + context), silence outside [0, len(features))."""
    low, high = start - context, stop + context
    inner = features[max(0, low) : min(len(features), high)].astype(np.float32)
    before = silence(max(0, -low))
    after = silence(max(0, high - len(features)))
    return np.concatenate([before, inner, after])


class Crops:
    """Frame-aligned crops, drawn uniformly over the speech of the training split."""

    def __init__(
        self,
        work: Path,
        frames: int,
        context: int,
        seed: int,
        shards: int | None = None,
        splits: Sequence[str] = ("train",),
    ) -> None:
        self.frames = frames
        self.context = context
        self.rng = np.random.default_rng(seed)
        self.shards: list[Shard] = [load_shard(work, name) for name in shard_names(work)[:shards]]
        self.places = [
            (s, row["start"], row["samples"])
            for s, shard in enumerate(self.shards)
            for row in shard.rows
            if row["split"] in splits and row["samples"] >= frames * FRAME
        ]
        lengths = np.asarray([samples for _, _, samples in self.places], np.float64)
        self.odds = np.cumsum(lengths) / lengths.sum()
        self.hours = lengths.sum() / 24_000 / 3600

    def batch(self, size: int) -> tuple[Tensor, Tensor]:
        """Features [size, SIZE, latents + 2 context] and audio [size, samples]."""
        features, audio = [], []
        for place in np.searchsorted(self.odds, self.rng.random(size)):
            shard_index, start, samples = self.places[min(place, len(self.places) - 1)]
            shard = self.shards[shard_index]
            frame = int(self.rng.integers(0, samples // FRAME - self.frames + 1))
            first = frame * PER_FRAME
            own = shard.features[start // HOP : (start + samples) // HOP]
            features.append(with_context(own, first, first + self.frames * PER_FRAME, self.context))
            at = start + frame * FRAME
            sound = shard.audio[at : at + self.frames * FRAME]
            audio.append(sound.astype(np.float32) / 32768)
        stacked = torch.from_numpy(np.stack(features)).transpose(1, 2).contiguous()
        return stacked, torch.from_numpy(np.stack(audio))
