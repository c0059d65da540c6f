"""BiCodec's decoder as a row of stages that know which positions they read and write.

As SNAC's (`snac.stages`): each maps positions of its input to positions of its output, both counted
from the stream's start, and pads nowhere but at the stream's true ends. The first ones, of rate 1,
are the prenet; the rest is the generator, which is 19 of 20 parts of the work and reaches ten steps
only. Asked backwards for some samples, each computes no more than those depend on: the generator a
window of its own, and the prenet another.

Everything is (batch, channels, positions). Weights are the released model's (SparkAudio/Spark-TTS),
weight norm folded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from tensorrt_tts.codecs.bicodec.config import BiCodecConfig
from tensorrt_tts.codecs.bicodec.receptive_field import (
    HALF,
    KERNEL,
    RESIDUAL_DILATIONS,
    SAMPLING_LAYERS,
)
from tensorrt_tts.codecs.bicodec.speaker import Speaker
from tensorrt_tts.codecs.convolutions import (
    as_library,
    as_matrix,
    convolution,
    depthwise,
    pointwise,
    transposed,
)
from tensorrt_tts.codecs.snac.stages import Snake
from tensorrt_tts.codecs.state import Interval

Weights = Mapping[str, torch.Tensor]

EPSILON = 1e-6
"""Of every layer norm."""

SNAKE_EPSILON = 1e-9
"""The released code's own guard against α = 0."""


class Stage:
    """rate: outputs per input. reach: inputs to either side of its own that an output reads."""

    rate: int = 1
    reach: int = 0

    def needs(self, wanted: Interval) -> Interval:
        """The input positions that an interval of output depends on, not yet cut at the ends."""
        return wanted[0] - self.reach, wanted[1] + self.reach

    def settled(self, known: int) -> int:
        """Outputs that are final when inputs 0 … known − 1 are known and more may follow."""
        return max(0, known - self.reach)

    def compute(
        self,
        x: torch.Tensor,
        held: Interval,
        wanted: Interval,
        length: int | None,
        speakers: Speaker,
    ) -> torch.Tensor:
        """The output at `wanted`, from input held at positions `held` (at least what it needs).

        length: the input's total length once the stream has ended, else None. speakers: of every
        stream, stacked.
        """
        first, last = self.needs(wanted)
        left = max(0, -first)
        right = max(0, last - length) if length is not None else 0
        x = x[..., first + left - held[0] : last - right - held[0]]
        return self.run(x, left, right, speakers)

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        """left, right: zeros due before and after `x`."""
        raise NotImplementedError


def _pad(x: torch.Tensor, left: int, right: int) -> torch.Tensor:
    return F.pad(x, (left, right)) if left or right else x


@dataclass(frozen=True, slots=True)
class Linear:
    """Over channels, which come out innermost in memory, as a layer norm wants them."""

    weight: torch.Tensor
    bias: torch.Tensor

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x.transpose(1, 2), self.weight, self.bias).transpose(1, 2)


@dataclass(frozen=True, slots=True)
class Norm:
    """Layer norm over channels: with a scale and shift of its own, or of the speaker's, by
    `style`."""

    weight: torch.Tensor | None = None
    bias: torch.Tensor | None = None
    style: int | None = None

    def __call__(self, x: torch.Tensor, speakers: Speaker) -> torch.Tensor:
        x = F.layer_norm(x.transpose(1, 2), x.shape[1:2], self.weight, self.bias, EPSILON)
        if self.style is not None:
            scale, shift = speakers.styles[:, self.style, :, None].unbind(1)
            x = torch.addcmul(shift, x, scale)
        return x.transpose(1, 2)


@dataclass(frozen=True, slots=True)
class Pointwise(Stage):
    """One linear layer. Rate 1."""

    linear: Linear

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        return self.linear(x)


@dataclass(frozen=True, slots=True)
class Embed(Stage):
    """A backbone's first convolution and norm. factor: 3 after a sampling block, which at ratio 1
    adds its input to itself twice."""

    weight: torch.Tensor
    bias: torch.Tensor
    norm: Norm
    factor: float
    reach: int = HALF

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        x = convolution(_pad(x * self.factor, left, right), self.weight, self.bias)
        return self.norm(x, speakers)


@dataclass(frozen=True, slots=True)
class ConvNeXt(Stage):
    """x + γ · linear(gelu(linear(norm(depthwise(x)))))."""

    depthwise: torch.Tensor
    depthwise_bias: torch.Tensor
    norm: Norm
    widen: Linear
    narrow: Linear
    gamma: torch.Tensor
    reach: int = HALF

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        y = depthwise(_pad(x, left, right), self.depthwise, self.depthwise_bias, 1)
        y = self.narrow(F.gelu(self.widen(self.norm(y, speakers))))
        start = self.reach - left
        return torch.addcmul(x[..., start : start + y.shape[-1]], y, self.gamma)


@dataclass(frozen=True, slots=True)
class Finish(Stage):
    """A backbone's last norm, whoever speaks."""

    norm: Norm

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        return self.norm(x, speakers)


@dataclass(frozen=True, slots=True)
class Voiced(Stage):
    """The prenet's last linear layer, and the speaker's vector added: the generator's input."""

    linear: Linear
    tanh: bool

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        x = self.linear(x)
        return (torch.tanh(x) if self.tanh else x) + speakers.vector[..., None]


@dataclass(frozen=True, slots=True)
class Entry(Stage):
    """The generator's first convolution."""

    weight: torch.Tensor
    bias: torch.Tensor
    reach: int = HALF

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        return convolution(_pad(x, left, right), self.weight, self.bias)


@dataclass(frozen=True, slots=True)
class Upsample(Stage):
    """Snake, transposed convolution. weight: (in channels, out channels, kernel). matrix: the same
    by `as_matrix`, for a CPU."""

    snake: Snake
    weight: torch.Tensor
    matrix: torch.Tensor
    bias: torch.Tensor
    rate: int

    @property
    def padding(self) -> int:
        return (self.weight.shape[-1] - self.rate) // 2

    def needs(self, wanted: Interval) -> Interval:
        first, last = wanted[0] + self.padding, wanted[1] - 1 + self.padding
        return -((self.weight.shape[-1] - 1 - first) // self.rate), last // self.rate + 1

    def settled(self, known: int) -> int:
        return max(0, known * self.rate - self.padding)

    def compute(
        self,
        x: torch.Tensor,
        held: Interval,
        wanted: Interval,
        length: int | None,
        speakers: Speaker,
    ) -> torch.Tensor:
        first, last = self.needs(wanted)
        # Inputs cut off at the ends would have added nothing: a transposed convolution pads by
        # leaving contributions out.
        first = max(0, first)
        last = last if length is None else min(last, length)
        x = self.snake(x[..., first - held[0] : last - held[0]])
        if as_library(x):
            x = F.conv_transpose1d(x, self.weight, self.bias, stride=self.rate)
        else:
            x = transposed(x, self.matrix, self.bias, self.rate)
        skip = wanted[0] + self.padding - first * self.rate
        return x[..., skip : skip + wanted[1] - wanted[0]]


@dataclass(frozen=True, slots=True)
class Residual(Stage):
    """x + 1×1(snake(convolution(snake(x)))), dilated kernel 7."""

    first: Snake
    weight: torch.Tensor
    bias: torch.Tensor
    second: Snake
    mix: torch.Tensor
    mix_bias: torch.Tensor
    dilation: int
    reach: int

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        # Beyond the stream's ends the branch sees zeros after its first snake, the skip nothing.
        y = convolution(_pad(self.first(x), left, right), self.weight, self.bias, self.dilation)
        y = pointwise(self.second(y), self.mix, self.mix_bias)
        start = self.reach - left
        return x[..., start : start + y.shape[-1]] + y


@dataclass(frozen=True, slots=True)
class Exit(Stage):
    """Snake, convolution to one channel, tanh."""

    snake: Snake
    weight: torch.Tensor
    bias: torch.Tensor
    reach: int = HALF

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        return torch.tanh(convolution(_pad(self.snake(x), left, right), self.weight, self.bias))


class BiCodecStages:
    """The stages of one checkpoint and its code table, on one device.

    stages: by the name of the released module whose output each one's is.
    """

    def __init__(self, config: BiCodecConfig, weights: Weights, device: torch.device) -> None:
        weights = {name: tensor.to(device) for name, tensor in weights.items()}
        self.device = device
        self.codebook = weights["quantizer.codebook.weight"]
        self._project = Linear(
            weights["quantizer.out_project.weight"][:, :, 0], weights["quantizer.out_project.bias"]
        )
        self.names, stages = zip(*_stages(config, weights), strict=True)
        self.stages: Sequence[Stage] = stages
        split = self.names.index(GENERATOR_INPUT) + 1
        self.prenet: Sequence[Stage] = stages[:split]
        self.generator: Sequence[Stage] = stages[split:]

    def embed(self, codes: torch.Tensor) -> torch.Tensor:
        """codes: int64 (B, steps). Returns latents (B, channels, steps)."""
        return self._project(self.codebook[codes].transpose(1, 2))


def style_names(config: BiCodecConfig) -> list[str]:
    """The layers that read the speaker's vector, in order: `Norm.style` counts them."""
    name = "prenet.vocos_backbone"
    layers = range(config.prenet.vocos_num_layers)
    return [f"{name}.norm", *(f"{name}.convnext.{index}.norm" for index in layers)]


def _stages(config: BiCodecConfig, weights: Weights) -> Iterator[tuple[str, Stage]]:
    yield from _prenet(config, weights)
    yield from _generator(config, weights)


def _prenet(config: BiCodecConfig, weights: Weights) -> Iterator[tuple[str, Stage]]:
    def linear(name: str) -> Linear:
        return Linear(weights[f"{name}.weight"], weights[f"{name}.bias"])

    styles = style_names(config)

    def norm(name: str) -> Norm:
        if name in styles:
            return Norm(style=styles.index(name))
        return Norm(weights[f"{name}.weight"], weights[f"{name}.bias"])

    def backbone(name: str, layers: int, factor: float) -> Iterator[tuple[str, Stage]]:
        embed = linear(f"{name}.embed")
        yield f"{name}.norm", Embed(embed.weight, embed.bias, norm(f"{name}.norm"), factor)
        for index in range(layers):
            block = f"{name}.convnext.{index}"
            wide = linear(f"{block}.dwconv")
            yield (
                block,
                ConvNeXt(
                    wide.weight,
                    wide.bias,
                    norm(f"{block}.norm"),
                    linear(f"{block}.pwconv1"),
                    linear(f"{block}.pwconv2"),
                    weights[f"{block}.gamma"][:, None],
                ),
            )
        yield name, Finish(norm(f"{name}.final_layer_norm"))

    yield "prenet.linear_pre", Pointwise(linear("prenet.linear_pre"))
    for index in range(len(config.prenet.sample_ratios)):
        yield from backbone(f"prenet.downsample.{index}.1", SAMPLING_LAYERS, 3.0)
    yield from backbone("prenet.vocos_backbone", config.prenet.vocos_num_layers, 1.0)
    yield GENERATOR_INPUT, Voiced(linear("prenet.linear"), config.prenet.use_tanh_at_final)


GENERATOR_INPUT = "gen_in"
"""The one name that no released module has."""


def _generator(config: BiCodecConfig, weights: Weights) -> Iterator[tuple[str, Stage]]:
    def layer(name: str) -> tuple[torch.Tensor, torch.Tensor]:
        return weights[f"{name}.weight"], weights[f"{name}.bias"]

    def snake(name: str) -> Snake:
        alpha = weights[f"{name}.alpha"]
        return Snake(alpha, (alpha + SNAKE_EPSILON).reciprocal())

    name = "decoder.model"
    yield f"{name}.0", Entry(*layer(f"{name}.0"))
    for number, rate in enumerate(config.decoder.rates, 1):
        block = f"{name}.{number}.block"
        weight, bias = layer(f"{block}.1")
        matrix = as_matrix(weight)
        yield f"{block}.1", Upsample(snake(f"{block}.0"), weight, matrix, bias, rate)
        for index, dilation in enumerate(RESIDUAL_DILATIONS):
            unit = f"{block}.{2 + index}.block"
            yield (
                f"{block}.{2 + index}",
                Residual(
                    snake(f"{unit}.0"),
                    *layer(f"{unit}.1"),
                    snake(f"{unit}.2"),
                    *layer(f"{unit}.3"),
                    dilation,
                    KERNEL // 2 * dilation,
                ),
            )
    last = len(config.decoder.rates) + 1
    yield f"{name}.{last + 2}", Exit(snake(f"{name}.{last}"), *layer(f"{name}.{last + 1}"))
