"""Random training crops of the synthesised corpus, and how voices share the training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demo_voice.features import HOP, MELS, SILENCE_LEVEL, SIZE, Shard, load_shard
from demo_voice.phase import FRAME
from demo_voice.voices import voice_of

PER_FRAME = FRAME // HOP
BALANCED_FROM = 0.5
"""Share of the training time from which on every voice is heard as much as any other; before it
each second of speech counts the same, whoever speaks."""


class Draw:
    """Picks utterances, each second of them as likely as another."""

    def __init__(self, lengths: Sequence[int], voices: Sequence[str]) -> None:
        """One length, of any unit, and voice for each utterance."""
        weights = np.asarray(lengths, np.float64)
        self._all = np.cumsum(weights) / weights.sum()
        names = np.asarray(voices)
        for name in dict.fromkeys(voices):
            weights[names == name] /= weights[names == name].sum()
        self._balanced = np.cumsum(weights) / weights.sum()

    def __call__(
        self, rng: np.random.Generator, count: int, balanced: bool = False
    ) -> NDArray[np.intp]:
        """balanced: each voice as likely as another."""
        odds = self._balanced if balanced else self._all
        return np.minimum(np.searchsorted(odds, rng.random(count)), len(odds) - 1)


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
    """Frame-aligned crops of the speech of the training split."""

    def __init__(
        self,
        work: Path,
        names: Sequence[str],
        frames: int,
        context: int,
        seed: int,
        splits: Sequence[str] = ("train",),
    ) -> None:
        self.frames = frames
        self.context = context
        self.rng = np.random.default_rng(seed)
        self.shards: list[Shard] = [load_shard(work, name) for name in names]
        self.places = [
            (s, row["start"], row["samples"])
            for s, shard in enumerate(self.shards)
            for row in shard.rows
            if row["split"] in splits and row["samples"] >= frames * FRAME
        ]
        lengths = [samples for _, _, samples in self.places]
        self.draw = Draw(lengths, [voice_of(names[s]) for s, _, _ in self.places])
        self.hours = sum(lengths) / 24_000 / 3600

    def batch(self, size: int, balanced: bool = False) -> tuple[Tensor, Tensor]:
        """Features [size, SIZE, latents + 2 context] and audio [size, samples]."""
        features, audio = [], []
        for place in self.draw(self.rng, size, balanced):
            shard_index, start, samples = self.places[place]
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
