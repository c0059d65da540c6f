"""SNAC's decoder as a row of stages that know which positions they read and write.

Every stage maps positions of its input to positions of its output, both counted from the stream's
start, and computes any interval of its output from the interval of input it needs: no padding but
at the stream's true ends. Two decoders are built on that. The windowed one asks backwards what each
stage must produce, so that the expensive late stages compute little more than the samples wanted
(their own reach is a few dozen samples; nearly all of the 4757 comes from the first two stages,
which are cheap). The stateful one keeps, per stage, the inputs that later outputs still need.

Weights come from the `snac` package's modules (snac 1.2.1, MIT), weight norm folded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from tensorrt_tts.codecs.convolutions import (
    as_library,
    as_matrix,
    depthwise,
    pointwise,
    transposed,
)
from tensorrt_tts.codecs.noise import addressed_noise
from tensorrt_tts.codecs.state import Interval

if TYPE_CHECKING:
    from snac import SNAC


@dataclass(frozen=True, slots=True)
class Snake:
    """x + sin²(αx)/α per channel. alpha, inverse: (1, channels, 1)."""

    alpha: torch.Tensor
    inverse: torch.Tensor

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        y = (x * self.alpha).sin_()
        return torch.addcmul(x, y.mul_(y), self.inverse)


@dataclass(frozen=True, slots=True)
class Entry:
    """First convolution: depthwise kernel 7, then 1×1 to the decoder's width. Rate 1."""

    depthwise: torch.Tensor
    depthwise_bias: torch.Tensor
    pointwise: torch.Tensor
    pointwise_bias: torch.Tensor
    rate: int = 1
    reach: int = 3

    def __call__(self, x: torch.Tensor, left: int, right: int) -> torch.Tensor:
        x = depthwise(_pad(x, left, right), self.depthwise, self.depthwise_bias, 1)
        return pointwise(x, self.pointwise, self.pointwise_bias)


@dataclass(frozen=True, slots=True)
class Upsample:
    """Snake, transposed convolution (kernel 2·rate, stride rate), addressed noise.

    block: which noise layer; noise_weight: its 1×1 convolution, or None for a model without noise.
    weight: (in channels, out channels, 2·rate). matrix: the same by `as_matrix`, for `transposed`
    on a CPU.
    """

    snake: Snake
    weight: torch.Tensor
    matrix: torch.Tensor
    bias: torch.Tensor
    noise_weight: torch.Tensor | None
    block: int
    rate: int

    @property
    def padding(self) -> int:
        return -(-self.rate // 2)

    def __call__(self, x: torch.Tensor, skip: int, count: int) -> torch.Tensor:
        """`count` outputs after the first `skip` of the unpadded ones."""
        x = self.snake(x)
        if as_library(x):
            y = F.conv_transpose1d(x, self.weight, self.bias, stride=self.rate)
        else:
            y = transposed(x, self.matrix, self.bias, self.rate)
        return y[..., skip : skip + count]

    def with_noise(self, x: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        assert self.noise_weight is not None
        return torch.addcmul(x, pointwise(x, self.noise_weight), noise)


@dataclass(frozen=True, slots=True)
class Residual:
    """x + 1×1(snake(depthwise(snake(x)))), dilated kernel 7."""

    first: Snake
    depthwise: torch.Tensor
    depthwise_bias: torch.Tensor
    second: Snake
    pointwise: torch.Tensor
    pointwise_bias: torch.Tensor
    dilation: int
    rate: int = 1

    @property
    def reach(self) -> int:
        return 3 * self.dilation

    def __call__(self, x: torch.Tensor, left: int, right: int) -> torch.Tensor:
        # Beyond the stream's ends the branch sees zeros after its first snake, the skip nothing.
        y = _pad(self.first(x), left, right)
        y = depthwise(y, self.depthwise, self.depthwise_bias, self.dilation)
        y = pointwise(self.second(y), self.pointwise, self.pointwise_bias)
        start = self.reach - left
        return x[..., start : start + y.shape[-1]] + y


@dataclass(frozen=True, slots=True)
class Exit:
    """Snake, convolution to one channel, tanh."""

    snake: Snake
    weight: torch.Tensor
    bias: torch.Tensor
    rate: int = 1
    reach: int = 3

    def __call__(self, x: torch.Tensor, left: int, right: int) -> torch.Tensor:
        x = _pad(self.snake(x), left, right)
        return torch.tanh(F.conv1d(x, self.weight, self.bias))


Stage = Entry | Upsample | Residual | Exit


def _pad(x: torch.Tensor, left: int, right: int) -> torch.Tensor:
    return F.pad(x, (left, right)) if left or right else x


def needs(stage: Stage, wanted: Interval) -> Interval:
    """The input positions that an interval of output depends on, not yet cut at the ends."""
    first, last = wanted
    if isinstance(stage, Upsample):
        return (
            (first + stage.padding) // stage.rate - 1,
            (last - 1 + stage.padding) // stage.rate + 1,
        )
    return first - stage.reach, last + stage.reach


def settled(stage: Stage, known: int) -> int:
    """How many outputs are final when inputs 0 … known − 1 are known and more may follow."""
    if isinstance(stage, Upsample):
        return max(0, known * stage.rate - stage.padding)
    return max(0, known - stage.reach)


def compute(
    stage: Stage,
    x: torch.Tensor,
    held: Interval,
    wanted: Interval,
    length: int | None,
    noise: torch.Tensor | None,
) -> torch.Tensor:
    """The stage's output at `wanted`, from input held at positions `held` (at least what it needs).

    x: (B, channels, held). length: the input's total length once the stream has ended, else None.
    noise: (B, 1, wanted) for an Upsample with noise. Returns (B, channels, wanted).
    """
    first, last = needs(stage, wanted)
    left = max(0, -first)
    right = max(0, last - length) if length is not None else 0
    first, last = first + left, last - right
    x = x[..., first - held[0] : last - held[0]]
    if not isinstance(stage, Upsample):
        return stage(x, left, right)
    # Inputs cut off at the ends would have added nothing: a transposed convolution pads by leaving
    # contributions out.
    y = stage(x, wanted[0] + stage.padding - first * stage.rate, wanted[1] - wanted[0])
    return stage.with_noise(y, noise) if noise is not None else y


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
        self.stages: list[Stage] = list(_stages(model, device))

    def embed(self, codes: torch.Tensor) -> torch.Tensor:
        """codes: int64 (B, steps, 3). Returns latents (B, channels, steps)."""
        table = self.table
        latent = table[0][codes[..., 0]] + table[1][codes[..., 1]] + table[2][codes[..., 2]]
        return latent.transpose(1, 2)

    def noise_at(
        self, stage: Stage, wanted: Interval, shift: torch.Tensor, seeds: torch.Tensor
    ) -> torch.Tensor | None:
        """Noise of a stage at `wanted`, `shift` positions further on per stream: (B, 1, wanted)."""
        if not (self.noise and isinstance(stage, Upsample)) or stage.noise_weight is None:
            return None
        return addressed_noise(seeds, stage.block, shift + wanted[0], wanted[1] - wanted[0])


def _stages(model: SNAC, device: torch.device) -> list[Stage]:
    from snac.layers import DecoderBlock, NoiseBlock, ResidualUnit

    def tensor(value: torch.Tensor) -> torch.Tensor:
        return value.detach().float().contiguous().to(device)

    def snake(module: Any) -> Snake:
        alpha = tensor(module.alpha)
        return Snake(alpha, (alpha + 1e-9).reciprocal())  # snac's own guard against α = 0

    layers = list(model.decoder.model)
    stages: list[Stage] = [
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
            Upsample(
                snake(parts[0]),
                weight := tensor(parts[1].weight),
                as_matrix(weight),
                tensor(parts[1].bias),
                tensor(noise.linear.weight) if noise is not None else None,
                index,
                parts[1].stride[0],
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
