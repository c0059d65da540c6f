"""Step ``stand-in``: codes to start the language model with while the codec is still training.

Residual k-means of the codec's input features, in the codec's frame layout. A language model
trained on them learns to read, to keep its place and to stop; ``language-model --start-from`` keeps
that when the real codes arrive. A machine that trains the codec in minutes needs none of it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from demo_voice.codes import save_codes
from demo_voice.features import HOP, load_shard
from demo_voice.voices import chosen, shard_names

CODES = 512
STRIDES = (4, 2, 1)  # latents per code of each level
SAMPLE = 16_000  # vectors per k-means
ROUNDS = 12
SLOT_ORDER = ((0, 0), (1, 0), (2, 0), (2, 1), (1, 1), (2, 2), (2, 3))
"""(level, index within the frame) of c0 m0 f0 f1 m1 f2 f3."""


def nearest(points: Tensor, centres: Tensor) -> Tensor:
    """Index [n] of the centre nearest to each point."""
    distance: Tensor = centres.square().sum(1) - 2 * points @ centres.t()
    return distance.argmin(1)


def k_means(points: Tensor, count: int) -> Tensor:
    """Centres [count, dim]."""
    centres = points[torch.randperm(len(points))[:count]].clone()
    for _ in range(ROUNDS):
        index = nearest(points, centres)
        sums = torch.zeros_like(centres).index_add_(0, index, points)
        sizes = torch.bincount(index, minlength=count)
        used = sizes > 0
        centres[used] = sums[used] / sizes[used, None]
        centres[~used] = points[torch.randperm(len(points))[: int((~used).sum())]]
    return centres


def pooled(latents: Tensor, stride: int) -> Tensor:
    """Means [n / stride, dim] of runs of ``stride`` latents."""
    return latents.view(-1, stride, latents.shape[1]).mean(1)


def codebooks(latents: Tensor) -> Tensor:
    """[3, CODES, dim] from a sample of latents [n, dim]."""
    books = []
    for stride in STRIDES:
        points = pooled(latents, stride)
        book = k_means(points[torch.randperm(len(points))[:SAMPLE]], CODES)
        latents = latents - book[nearest(points, book)].repeat_interleave(stride, 0)
        books.append(book)
    return torch.stack(books)


def encode(latents: Tensor, books: Tensor) -> Tensor:
    """Codes [frames, 7] of latents [4 * frames, dim]."""
    levels = []
    for book, stride in zip(books, STRIDES, strict=True):
        index = nearest(pooled(latents, stride), book)
        latents = latents - book[index].repeat_interleave(stride, 0)
        levels.append(index.view(-1, STRIDES[0] // stride))
    return torch.stack([levels[level][:, i] for level, i in SLOT_ORDER], dim=1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """This step has no options of its own."""


def run(args: argparse.Namespace) -> None:
    """Write ``stand-in/NAME-NNNN.npz`` like ``tokens/``, and ``stand-in/codebooks.pt``."""
    work = Path(args.work)
    folder = work / "stand-in"
    folder.mkdir(exist_ok=True)
    torch.manual_seed(0)
    voices = chosen(work, args.voices)
    names = shard_names(work, voices)
    if not (folder / "codebooks.pt").exists():
        first = [name for voice in voices for name in shard_names(work, [voice])[:6]]
        some = [torch.from_numpy(np.array(load_shard(work, n).features)) for n in first]
        torch.save(codebooks(torch.cat(some).float()), folder / "codebooks.pt")
    books = torch.load(folder / "codebooks.pt")
    for name in names:
        target = folder / f"{name}.npz"
        if target.exists():
            continue
        shard = load_shard(work, name)
        frames = np.array([row["samples"] // (HOP * STRIDES[0]) for row in shard.rows])
        codes = encode(torch.from_numpy(np.array(shard.features)).float(), books)
        save_codes(target, codes.numpy().astype(np.uint16), frames)
