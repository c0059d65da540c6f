"""A mel spectrogram to a speaker's tokens: ECAPA-TDNN, 32 queries that look at it, FSQ."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from tensorrt_tts.codecs.bicodec.encoder_config import EncodingConfig
from tensorrt_tts.codecs.bicodec.layers import Layers

WIDTH = 512
"""ECAPA-TDNN's channels, whatever the config says of the rest."""

FRAMES_KERNEL = 5
DILATIONS = (2, 3, 4)
"""Of its three blocks, whose outputs together are what the queries look at."""

GROUPS = 8
"""Into which a block divides its channels; each but the last reads what the one before wrote."""

SQUEEZED = 128
"""Channels between the two layers that weigh a block's channels."""

DEPTH = 2
HEADS, HEAD_WIDTH = 8, 64
FEED_FORWARD = 4
"""Of the queries' layers. Feed-forward layers are gated, and two thirds of 4 as wide for it."""

BOUND_SLACK = 1e-3
"""By how much FSQ's levels reach beyond the outermost ones."""


class SpeakerEncoder:
    def __init__(self, config: EncodingConfig, layers: Layers) -> None:
        self._config = config.speaker_encoder
        self._layers = layers

    def frames(self, mel: torch.Tensor) -> torch.Tensor:
        """(B, mels, frames) to (B, 3 · WIDTH, frames)."""
        name, layers = "speaker_encoder.speaker_encoder", self._layers
        x = self._unit(f"{name}.layer1", mel)
        found = []
        for number, dilation in enumerate(DILATIONS, 2):
            block = f"{name}.layer{number}.se_res2block"
            y = self._unit(f"{block}.0", x)
            y = self._unit(f"{block}.2", self._in_groups(f"{block}.1", y, dilation))
            weigh = F.relu(layers.linear(f"{block}.3.linear1", y.mean(-1)))
            weigh = torch.sigmoid(layers.linear(f"{block}.3.linear2", weigh))
            x = x + y * weigh[..., None]
            found.append(x)
        return F.relu(layers.convolution(f"{name}.conv", torch.cat(found, 1)))

    def queries(self, frames: torch.Tensor) -> torch.Tensor:
        """(B, channels, frames) to (B, tokens, latent): what each of the queries has found."""
        name, layers = "speaker_encoder.perceiver_sampler", self._layers
        context = layers.linear(f"{name}.proj_context", frames.transpose(1, 2))
        x = layers.weights[f"{name}.latents"].expand(len(frames), -1, -1)
        for index in range(DEPTH):
            x = x + self._attention(f"{name}.layers.{index}.0", x, context)
            value, gate = layers.linear(f"{name}.layers.{index}.1.0", x).chunk(2, -1)
            x = x + layers.linear(f"{name}.layers.{index}.1.2", F.gelu(gate) * value)
        gamma = layers.weights[f"{name}.norm.gamma"]
        return F.normalize(x, dim=-1) * (gamma * float(x.shape[-1] ** 0.5))

    def tokens(self, queries: torch.Tensor) -> torch.Tensor:
        """(B, tokens, latent) to int64 (B, tokens): a digit for each level, least significant
        first."""
        levels = queries.new_tensor(self._config.fsq_levels)
        x = self._layers.linear("speaker_encoder.quantizer.project_in", queries)
        half = (levels - 1) * (1 + BOUND_SLACK) / 2
        # Of an even number of levels none is in the middle.
        offset = torch.where(levels % 2 == 0, 0.5, 0.0).to(levels)
        digits = (torch.tanh(x + torch.atanh(offset / half)) * half - offset).round()
        digits = digits + levels // 2
        places = torch.cumprod(torch.cat([levels.new_ones(1), levels[:-1]]), 0)
        return (digits * places).sum(-1).round().long()

    def _attention(self, name: str, x: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """The queries look at each other too."""
        layers = self._layers
        keys, values = layers.linear(f"{name}.to_kv", torch.cat([x, context], 1)).chunk(2, -1)
        queries, keys, values = (
            part.unflatten(-1, (HEADS, HEAD_WIDTH)).transpose(1, 2)
            for part in (layers.linear(f"{name}.to_q", x), keys, values)
        )
        found = F.scaled_dot_product_attention(queries, keys, values)
        return layers.linear(f"{name}.to_out", found.transpose(1, 2).flatten(2))

    def _in_groups(self, name: str, x: torch.Tensor, dilation: int) -> torch.Tensor:
        *read, last = x.chunk(GROUPS, 1)
        found: list[torch.Tensor] = []
        for index, group in enumerate(read):
            before = found[-1] + group if found else group
            y = self._layers.convolution(f"{name}.convs.{index}", before, dilation)
            found.append(self._layers.batch_norm(f"{name}.bns.{index}", F.relu(y)))
        return torch.cat([*found, last], 1)

    def _unit(self, name: str, x: torch.Tensor) -> torch.Tensor:
        """Rectified before it is normed."""
        y = F.relu(self._layers.convolution(f"{name}.conv", x))
        return self._layers.batch_norm(f"{name}.bn", y)
