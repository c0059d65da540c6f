"""Training-time encoder and quantiser of the codec."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from snac.vq import ResidualVectorQuantize
from torch import Tensor, nn
from torch.nn import functional as F

from demo_voice.features import HEARD, PHONEMES

CONTEXT = 8  # latents either side that reach an encoder output
DILATIONS = (1, 2, 2, 2)  # with the stem's 1: a reach of 8


class FeatureEncoder(nn.Module):
    """Features [batch, SIZE, latents] -> latents [batch, dim, latents]."""

    def __init__(self, dim: int, width: int = 192) -> None:
        super().__init__()
        self.stem = nn.Conv1d(HEARD, width, 3, padding=1)
        self.phoneme = nn.Embedding(PHONEMES, width)
        self.units = nn.ModuleList(
            nn.Sequential(
                nn.GELU(),
                nn.Conv1d(width, width, 3, padding=d, dilation=d),
                nn.GELU(),
                nn.Conv1d(width, width, 1),
            )
            for d in DILATIONS
        )
        self.head = nn.Conv1d(width, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        said = self.phoneme(x[:, HEARD].long()).transpose(1, 2)
        x = self.stem(x[:, :HEARD]) + said
        for unit in self.units:
            x = x + unit(x)
        latent: Tensor = self.head(F.gelu(x))
        return latent


@dataclass
class Quantized:
    """What quantising a batch gives."""

    latent: Tensor  # [batch, dim, latents]
    codes: list[Tensor]  # per level [batch, latents / stride]
    encodings: list[Tensor]  # per level [batch * latents / stride, codebook dim], detached
    commitment: Tensor


def quantize(rvq: ResidualVectorQuantize, latent: Tensor, quantized: bool = True) -> Quantized:
    """``rvq(latent)`` with the terms training needs; the encodings lie on a sphere.

    snac picks codes by angle alone, so that fixing the length changes no code.  With ``quantized``
    false the encodings pass as they are (the warm-up before the codebooks are set).
    """
    residual = latent
    total = torch.zeros_like(latent)
    commitment = latent.new_zeros(())
    codes, encodings = [], []
    for level in rvq.quantizers:
        pooled = F.avg_pool1d(residual, level.stride) if level.stride > 1 else residual
        encoded = F.normalize(level.in_proj(pooled), dim=1) * rvq.codebook_dim**0.5
        flat = encoded.detach().transpose(1, 2).reshape(-1, rvq.codebook_dim)
        index = (flat @ F.normalize(level.codebook.weight.detach()).t()).argmax(dim=1)
        index = index.view(latent.shape[0], -1)
        if quantized:
            chosen = level.codebook(index).transpose(1, 2)
            commitment = commitment + (encoded - chosen.detach()).square().mean()
            # Straight through to the encoder; the codebook moves by its running means, not here.
            encoded = encoded + (chosen - encoded).detach()
        out = level.out_proj(encoded).repeat_interleave(level.stride, dim=-1)
        total = total + out
        residual = residual - out
        codes.append(index)
        encodings.append(flat)
    return Quantized(total, codes, encodings, commitment)


class RunningMeans:
    """Codebooks as running means of the encodings assigned to them; unused codes move."""

    def __init__(self, rvq: ResidualVectorQuantize, decay: float = 0.997, kept: int = 8192) -> None:
        self.rvq = rvq
        self.decay = decay
        self.kept = kept
        size, dim = rvq.codebook_size, rvq.codebook_dim
        device = rvq.quantizers[0].codebook.weight.device
        self.counts = [torch.ones(size, device=device) for _ in rvq.quantizers]
        self.sums = [level.codebook.weight.detach().clone() for level in rvq.quantizers]
        self.recent = [torch.empty(0, dim, device=device) for _ in rvq.quantizers]

    def remember(self, encodings: list[Tensor]) -> None:
        """Keep the newest encodings, to start and revive codes from."""
        for i, new in enumerate(encodings):
            self.recent[i] = torch.cat([self.recent[i], new])[-self.kept :]

    @torch.no_grad()
    def start(self, rounds: int = 15) -> None:
        """Spherical k-means over the remembered encodings."""
        for i, level in enumerate(self.rvq.quantizers):
            points = self.recent[i]
            size = self.rvq.codebook_size
            centres = points[torch.randperm(len(points))[:size]].clone()
            for _ in range(rounds):
                index = (points @ F.normalize(centres).t()).argmax(1)
                sums = torch.zeros_like(centres).index_add_(0, index, points)
                counts = torch.bincount(index, minlength=size)
                used = counts > 0
                centres[used] = sums[used] / counts[used, None]
            level.codebook.weight.copy_(centres)
            self.counts[i] = torch.ones_like(self.counts[i])
            self.sums[i] = centres.clone()

    @torch.no_grad()
    def update(self, encodings: list[Tensor], codes: list[Tensor]) -> None:
        """One step of the running means."""
        for i, level in enumerate(self.rvq.quantizers):
            index = codes[i].reshape(-1)
            # Counts are scaled to average 1 per code, whatever the batch holds.
            share = (1 - self.decay) * self.rvq.codebook_size / len(index)
            self.counts[i].mul_(self.decay)
            self.counts[i].index_add_(
                0, index, torch.full((len(index),), share, device=index.device)
            )
            self.sums[i].mul_(self.decay).index_add_(0, index, encodings[i] * share)
            level.codebook.weight.copy_(self.sums[i] / (self.counts[i] + 1e-4)[:, None])

    @torch.no_grad()
    def revive(self, least: float = 0.05) -> int:
        """Move codes used less than ``least`` times the average onto recent encodings."""
        moved = 0
        for i, level in enumerate(self.rvq.quantizers):
            idle = torch.nonzero(self.counts[i] < least).flatten()
            pick = torch.randperm(len(self.recent[i]))[: len(idle)]
            idle = idle[: len(pick)]
            level.codebook.weight[idle] = self.recent[i][pick]
            self.sums[i][idle] = self.recent[i][pick]
            self.counts[i][idle] = 1.0
            moved += len(idle)
        return moved

    def state(self) -> dict[str, list[Tensor]]:
        """What a checkpoint keeps."""
        return {"counts": self.counts, "sums": self.sums, "recent": self.recent}

    def load(self, state: dict[str, list[Tensor]]) -> None:
        """Restore ``state()``."""
        self.counts, self.sums, self.recent = state["counts"], state["sums"], state["recent"]
