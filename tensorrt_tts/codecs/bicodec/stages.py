"""BiCodec's decoder as a row of stages (`codecs.stage`).

The first ones, of rate 1, are the prenet; the rest is the generator, which is 19 of 20 parts of the
work and reaches ten steps only. Asked backwards for some samples, each computes no more than those
depend on: the generator a window of its own, and the prenet another.

Weights are the released model's (SparkAudio/Spark-TTS), weight norm folded.
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
from tensorrt_tts.codecs.convolutions import as_matrix, convolution, depthwise, pointwise
from tensorrt_tts.codecs.stage import Snake, Stage, Upsample, pad
from tensorrt_tts.codecs.state import Interval

Weights = Mapping[str, torch.Tensor]

EPSILON = 1e-6
"""Of every layer norm."""

SNAKE_EPSILON = 1e-9
"""The released code's own guard against α = 0."""


class VoicedStage(Stage):
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
        return self.run(*self.cut(x, held, wanted, length), speakers)

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        """left, right: zeros due before and after `x`."""
        raise NotImplementedError


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
class Pointwise(VoicedStage):
    """One linear layer. Rate 1."""

    linear: Linear

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        return self.linear(x)


@dataclass(frozen=True, slots=True)
class Embed(VoicedStage):
    """A backbone's first convolution and norm. factor: 3 after a sampling block, which at ratio 1
    adds its input to itself twice."""

    weight: torch.Tensor
    bias: torch.Tensor
    norm: Norm
    factor: float
    reach: int = HALF

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        x = convolution(pad(x * self.factor, left, right), self.weight, self.bias)
        return self.norm(x, speakers)


@dataclass(frozen=True, slots=True)
class ConvNeXt(VoicedStage):
    """x + γ · linear(gelu(linear(norm(depthwise(x)))))."""

    depthwise: torch.Tensor
    depthwise_bias: torch.Tensor
    norm: Norm
    widen: Linear
    narrow: Linear
    gamma: torch.Tensor
    reach: int = HALF

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        y = depthwise(pad(x, left, right), self.depthwise, self.depthwise_bias, 1)
        y = self.narrow(F.gelu(self.widen(self.norm(y, speakers))))
        start = self.reach - left
        return torch.addcmul(x[..., start : start + y.shape[-1]], y, self.gamma)


@dataclass(frozen=True, slots=True)
class Finish(VoicedStage):
    """A backbone's last norm, whoever speaks."""

    norm: Norm

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        return self.norm(x, speakers)


@dataclass(frozen=True, slots=True)
class Voiced(VoicedStage):
    """The prenet's last linear layer, and the speaker's vector added: the generator's input."""

    linear: Linear
    tanh: bool

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        x = self.linear(x)
        return (torch.tanh(x) if self.tanh else x) + speakers.vector[..., None]


@dataclass(frozen=True, slots=True)
class Entry(VoicedStage):
    """The generator's first convolution."""

    weight: torch.Tensor
    bias: torch.Tensor
    reach: int = HALF

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        return convolution(pad(x, left, right), self.weight, self.bias)


class PlainUpsample(Upsample, VoicedStage):
    """Without noise; whoever speaks."""

    def compute(
        self,
        x: torch.Tensor,
        held: Interval,
        wanted: Interval,
        length: int | None,
        speakers: Speaker,
    ) -> torch.Tensor:
        return self.upsampled(x, held, wanted, length)


@dataclass(frozen=True, slots=True)
class Residual(VoicedStage):
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
        y = convolution(pad(self.first(x), left, right), self.weight, self.bias, self.dilation)
        y = pointwise(self.second(y), self.mix, self.mix_bias)
        start = self.reach - left
        return x[..., start : start + y.shape[-1]] + y


@dataclass(frozen=True, slots=True)
class Exit(VoicedStage):
    """Snake, convolution to one channel, tanh."""

    snake: Snake
    weight: torch.Tensor
    bias: torch.Tensor
    reach: int = HALF

    def run(self, x: torch.Tensor, left: int, right: int, speakers: Speaker) -> torch.Tensor:
        return torch.tanh(convolution(pad(self.snake(x), left, right), self.weight, self.bias))


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
        self.stages: Sequence[VoicedStage] = stages
        split = self.names.index(GENERATOR_INPUT) + 1
        self.prenet: Sequence[VoicedStage] = stages[:split]
        self.generator: Sequence[VoicedStage] = stages[split:]

    def embed(self, codes: torch.Tensor) -> torch.Tensor:
        """codes: int64 (B, steps). Returns latents (B, channels, steps)."""
        return self._project(self.codebook[codes].transpose(1, 2))


def style_names(config: BiCodecConfig) -> list[str]:
    """The layers that read the speaker's vector, in order: `Norm.style` counts them."""
    name = "prenet.vocos_backbone"
    layers = range(config.prenet.vocos_num_layers)
    return [f"{name}.norm", *(f"{name}.convnext.{index}.norm" for index in layers)]


def _stages(config: BiCodecConfig, weights: Weights) -> Iterator[tuple[str, VoicedStage]]:
    yield from _prenet(config, weights)
    yield from _generator(config, weights)


def _prenet(config: BiCodecConfig, weights: Weights) -> Iterator[tuple[str, VoicedStage]]:
    def linear(name: str) -> Linear:
        return Linear(weights[f"{name}.weight"], weights[f"{name}.bias"])

    styles = style_names(config)

    def norm(name: str) -> Norm:
        if name in styles:
            return Norm(style=styles.index(name))
        return Norm(weights[f"{name}.weight"], weights[f"{name}.bias"])

    def backbone(name: str, layers: int, factor: float) -> Iterator[tuple[str, VoicedStage]]:
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


def _generator(config: BiCodecConfig, weights: Weights) -> Iterator[tuple[str, VoicedStage]]:
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
        padding = (weight.shape[-1] - rate) // 2
        yield (
            f"{block}.1",
            PlainUpsample(snake(f"{block}.0"), weight, matrix, bias, rate=rate, padding=padding),
        )
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
