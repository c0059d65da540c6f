"""SNAC's decoder as a row of stages (`codecs.stage`).

Asked backwards for some samples, the expensive late stages compute little more than those: their
own reach is a few dozen samples; nearly all of the 4757 comes from the first two stages, which are
cheap.

Weights come from the `snac` package's modules (snac 1.2.1, MIT), weight norm folded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from tensorrt_tts.codecs.convolutions import as_matrix, depthwise, pointwise
from tensorrt_tts.codecs.noise import addressed_noise
from tensorrt_tts.codecs.stage import Snake, Stage, Upsample, pad
from tensorrt_tts.codecs.state import Interval

if TYPE_CHECKING:
    from snac import SNAC


class SnacStage(Stage):
    def compute(
        self,
        x: torch.Tensor,
        held: Interval,
        wanted: Interval,
        length: int | None,
        noise: torch.Tensor | None,
    ) -> torch.Tensor:
        """The output at `wanted`, (B, channels, wanted), from input held at positions `held` (at
        least what it needs).

        length: the input's total length once the stream has ended, else None. noise: (B, 1, wanted)
        for a stage that has some.
        """
        return self.run(*self.cut(x, held, wanted, length))

    def run(self, x: torch.Tensor, left: int, right: int) -> torch.Tensor:
        """left, right: zeros due before and after `x`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Entry(SnacStage):
    """First convolution: depthwise kernel 7, then 1×1 to the decoder's width. Rate 1."""

    depthwise: torch.Tensor
    depthwise_bias: torch.Tensor
    pointwise: torch.Tensor
    pointwise_bias: torch.Tensor
    reach: int = 3

    def run(self, x: torch.Tensor, left: int, right: int) -> torch.Tensor:
        x = depthwise(pad(x, left, right), self.depthwise, self.depthwise_bias, 1)
        return pointwise(x, self.pointwise, self.pointwise_bias)


@dataclass(frozen=True, slots=True)
class NoisyUpsample(Upsample, SnacStage):
    """Snake, transposed convolution (kernel 2·rate), addressed noise.

    block: which noise layer; noise_weight: its 1×1 convolution, or None for a model without noise.
    """

    noise_weight: torch.Tensor | None
    block: int

    def compute(
        self,
        x: torch.Tensor,
        held: Interval,
        wanted: Interval,
        length: int | None,
        noise: torch.Tensor | None,
    ) -> torch.Tensor:
        y = self.upsampled(x, held, wanted, length)
        if noise is None:
            return y
        assert self.noise_weight is not None
        return torch.addcmul(y, pointwise(y, self.noise_weight), noise)


@dataclass(frozen=True, slots=True)
class Residual(SnacStage):
    """x + 1×1(snake(depthwise(snake(x)))), dilated kernel 7."""

    first: Snake
    depthwise: torch.Tensor
    depthwise_bias: torch.Tensor
    second: Snake
    pointwise: torch.Tensor
    pointwise_bias: torch.Tensor
    dilation: int

    @property
    def reach(self) -> int:  # type: ignore[override]
        return 3 * self.dilation

    def run(self, x: torch.Tensor, left: int, right: int) -> torch.Tensor:
        # Beyond the stream's ends the branch sees zeros after its first snake, the skip nothing.
        y = pad(self.first(x), left, right)
        y = depthwise(y, self.depthwise, self.depthwise_bias, self.dilation)
        y = pointwise(self.second(y), self.pointwise, self.pointwise_bias)
        start = self.reach - left
        return x[..., start : start + y.shape[-1]] + y


@dataclass(frozen=True, slots=True)
class Exit(SnacStage):
    """Snake, convolution to one channel, tanh."""

    snake: Snake
    weight: torch.Tensor
    bias: torch.Tensor
    reach: int = 3

    def run(self, x: torch.Tensor, left: int, right: int) -> torch.Tensor:
        x = pad(self.snake(x), left, right)
        return torch.tanh(F.conv1d(x, self.weight, self.bias))


class SnacStages:
    """The stages of one checkpoint, its code tables, and its noise, on one device.

    table: (3, codebook_size, latent channels): what each code of each level adds to the latent,
    i.e. the codebook through its output projection.
    """

    def __init__(self, model: SNAC, noise: bool, device: torch.device) -> None:
        self.noise = noise
        self.device = device
        with torch.inference_mode():
            self.table = torch.stack(
                [
                    (q.out_proj.weight[:, :, 0] @ q.codebook.weight.T + q.out_proj.bias[:, None]).T
                    for q in model.quantizer.quantizers
                ]
            ).to(device)
        self.stages: list[SnacStage] = list(_stages(model, device))

    def embed(self, codes: torch.Tensor) -> torch.Tensor:
        """codes: int64 (B, steps, 3). Returns latents (B, channels, steps)."""
        table = self.table
        latent = table[0][codes[..., 0]] + table[1][codes[..., 1]] + table[2][codes[..., 2]]
        return latent.transpose(1, 2)

    def noise_at(
        self, stage: SnacStage, wanted: Interval, shift: torch.Tensor, seeds: torch.Tensor
    ) -> torch.Tensor | None:
        """Noise of a stage at `wanted`, `shift` positions further on per stream: (B, 1, wanted)."""
        if not (self.noise and isinstance(stage, NoisyUpsample)) or stage.noise_weight is None:
            return None
        return addressed_noise(seeds, stage.block, shift + wanted[0], wanted[1] - wanted[0])


def _stages(model: SNAC, device: torch.device) -> list[SnacStage]:
    from snac.layers import DecoderBlock, NoiseBlock, ResidualUnit

    def tensor(value: torch.Tensor) -> torch.Tensor:
        return value.detach().float().contiguous().to(device)

    def snake(module: Any) -> Snake:
        alpha = tensor(module.alpha)
        return Snake(alpha, (alpha + 1e-9).reciprocal())  # snac's own guard against α = 0

    layers = list(model.decoder.model)
    stages: list[SnacStage] = [
        Entry(
            tensor(layers[0].weight),
            tensor(layers[0].bias),
            tensor(layers[1].weight),
            tensor(layers[1].bias),
        )
    ]
    blocks = [layer for layer in layers if isinstance(layer, DecoderBlock)]
    for index, block in enumerate(blocks):
        parts = list(block.block)
        noise = next((part for part in parts if isinstance(part, NoiseBlock)), None)
        stages.append(
            NoisyUpsample(
                snake(parts[0]),
                weight := tensor(parts[1].weight),
                as_matrix(weight),
                tensor(parts[1].bias),
                tensor(noise.linear.weight) if noise is not None else None,
                index,
                rate=(rate := parts[1].stride[0]),
                padding=-(-rate // 2),
            )
        )
        for unit in (part for part in parts if isinstance(part, ResidualUnit)):
            first, wide, second, narrow = unit.block
            stages.append(
                Residual(
                    snake(first),
                    tensor(wide.weight),
                    tensor(wide.bias),
                    snake(second),
                    tensor(narrow.weight),
                    tensor(narrow.bias),
                    wide.dilation[0],
                )
            )
    stages.append(Exit(snake(layers[-3]), tensor(layers[-2].weight), tensor(layers[-2].bias)))
    return stages
