"""BiCodec's decode written down plainly, a whole sequence at once in one function, to compare with;
and with each of the mistakes that are easily made, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F

from tensorrt_tts.codecs.base import Condition, Step
from tensorrt_tts.codecs.bicodec.config import BiCodecConfig

MISTAKES = (
    "codes normalised",
    "tokens outermost",
    "most significant digit first",
    "digits centred between the middle two",
    "sampling block does nothing",
    "sampling block doubles",
    "scale is one more",
    "no layer scale",
    "last norm left out",
    "gelu by tanh",
    "no speaker vector",
    "transposed convolution by half its kernel",
    "no tanh",
    "loudness normalised",
)

Weights = Mapping[str, torch.Tensor]


@torch.inference_mode()
def plain_decode(
    config: BiCodecConfig,
    weights: Weights,
    steps: Sequence[Step],
    condition: Condition,
    mistake: str | None = None,
    epsilon: float = 1e-6,
) -> np.ndarray:
    """weights: by the released names, weight norm folded; in their precision. float (samples,)."""
    assert mistake is None or mistake in MISTAKES

    def linear(name: str, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def conv(name: str, x: torch.Tensor, dilation: int = 1, groups: int = 1) -> torch.Tensor:
        weight = weights[f"{name}.weight"]
        padding = dilation * (weight.shape[-1] // 2)
        return F.conv1d(x, weight, weights[f"{name}.bias"], 1, padding, dilation, groups)

    def snake(name: str, x: torch.Tensor) -> torch.Tensor:
        alpha = weights[f"{name}.alpha"]
        return x + (alpha + 1e-9).reciprocal() * torch.sin(alpha * x).pow(2)

    codebook = weights["quantizer.codebook.weight"]
    if mistake == "codes normalised":
        codebook = F.normalize(codebook)
    x = conv("quantizer.out_project", codebook[torch.tensor(steps)[:, 0]].T[None])

    d = _speaker(config, weights, condition, mistake)

    def norm(name: str, x: torch.Tensor) -> torch.Tensor:
        """(B, T, C)."""
        if f"{name}.weight" in weights:
            width = x.shape[-1:]
            return F.layer_norm(
                x, width, weights[f"{name}.weight"], weights[f"{name}.bias"], epsilon
            )
        scale, shift = linear(f"{name}.scale", d), linear(f"{name}.shift", d)
        if mistake == "scale is one more":
            scale = scale + 1
        return F.layer_norm(x, x.shape[-1:], eps=epsilon) * scale + shift

    def backbone(name: str, x: torch.Tensor, layers: int) -> torch.Tensor:
        """(B, C, T) to (B, T, C)."""
        x = norm(f"{name}.norm", conv(f"{name}.embed", x).transpose(1, 2)).transpose(1, 2)
        for index in range(layers):
            block = f"{name}.convnext.{index}"
            y = conv(f"{block}.dwconv", x, groups=x.shape[1]).transpose(1, 2)
            y = linear(f"{block}.pwconv1", norm(f"{block}.norm", y))
            y = F.gelu(y, approximate="tanh" if mistake == "gelu by tanh" else "none")
            y = linear(f"{block}.pwconv2", y)
            if mistake != "no layer scale":
                y = y * weights[f"{block}.gamma"]
            x = x + y.transpose(1, 2)
        x = x.transpose(1, 2)
        return x if mistake == "last norm left out" else norm(f"{name}.final_layer_norm", x)

    x = linear("prenet.linear_pre", x.transpose(1, 2))
    for index in range(len(config.prenet.sample_ratios)):
        copies = {"sampling block does nothing": 1, "sampling block doubles": 2}.get(mistake or "")
        x = backbone(f"prenet.downsample.{index}.1", (copies or 3) * x.transpose(1, 2), 2)
    x = backbone("prenet.vocos_backbone", x.transpose(1, 2), config.prenet.vocos_num_layers)
    x = linear("prenet.linear", x).transpose(1, 2)
    if mistake != "no speaker vector":
        x = x + d[None, :, None]

    x = conv("decoder.model.0", x)
    for number, rate in enumerate(config.decoder.rates, 1):
        block = f"decoder.model.{number}.block"
        weight, bias = weights[f"{block}.1.weight"], weights[f"{block}.1.bias"]
        kernel = weight.shape[-1]
        padding, more = (kernel - rate) // 2, 0
        if mistake == "transposed convolution by half its kernel":
            padding = kernel // 2
            more = min(rate - 1, 2 * padding + rate - kernel)
        x = F.conv_transpose1d(snake(f"{block}.0", x), weight, bias, rate, padding, more)
        for index, dilation in enumerate((1, 3, 9)):
            unit = f"{block}.{2 + index}.block"
            y = conv(f"{unit}.1", snake(f"{unit}.0", x), dilation)
            x = x + conv(f"{unit}.3", snake(f"{unit}.2", y))
    last = len(config.decoder.rates) + 1
    x = conv(f"decoder.model.{last + 1}", snake(f"decoder.model.{last}", x))
    x = (x if mistake == "no tanh" else torch.tanh(x))[0, 0]
    if mistake == "loudness normalised":
        x = x / x.abs().max()
    samples: np.ndarray = x.numpy()
    return samples


def _speaker(
    config: BiCodecConfig, weights: Weights, condition: Condition, mistake: str | None
) -> torch.Tensor:
    levels = config.speaker_encoder.fsq_levels
    places = np.cumprod([1, *levels[:-1]])
    digits = [
        [token // place % level for place, level in zip(places, levels, strict=True)]
        for token in condition
    ]
    if mistake == "most significant digit first":
        digits = [row[::-1] for row in digits]
    middle = [level // 2 for level in levels]
    codes = (np.array(digits) - middle) / middle
    if mistake == "digits centred between the middle two":
        between = (np.array(levels) - 1) / 2
        codes = (np.array(digits) - between) / between
    name = "speaker_encoder.quantizer.project_out"
    weight = weights[f"{name}.weight"]
    tokens = F.linear(torch.tensor(codes, dtype=weight.dtype), weight, weights[f"{name}.bias"])
    row = tokens.reshape(-1) if mistake == "tokens outermost" else tokens.T.reshape(-1)
    name = "speaker_encoder.project"
    return F.linear(row, weights[f"{name}.weight"], weights[f"{name}.bias"])
