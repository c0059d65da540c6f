"""The SNAC decoder in the form it is trained in: plain weights, fused kernels."""

from __future__ import annotations

from typing import Any

import torch
from snac.layers import Decoder, DecoderBlock, NoiseBlock, ResidualUnit, Snake1d
from torch import Tensor, nn
from torch.nn.utils import parametrize

from demo_voice import kernels


def fold_weight_norm(module: nn.Module) -> None:
    """Replace every weight-norm parametrisation by the plain weight it stands for."""
    for part in module.modules():
        if parametrize.is_parametrized(part, "weight"):
            parametrize.remove_parametrizations(part, "weight")


def weight_norm_state(module: nn.Module) -> dict[str, Tensor]:
    """State dict with convolution weights as the (norm, direction) pairs ``snac`` creates."""
    state: dict[str, Tensor] = {}
    convolutions = {
        name
        for name, part in module.named_modules()
        if isinstance(part, nn.Conv1d | nn.ConvTranspose1d)
    }
    for key, value in module.state_dict().items():
        owner, _, leaf = key.rpartition(".")
        if leaf == "weight" and owner in convolutions:
            norm = value.flatten(1).norm(dim=1).view(-1, 1, 1)
            state[f"{owner}.parametrizations.weight.original0"] = norm
            state[f"{owner}.parametrizations.weight.original1"] = value
        else:
            state[key] = value
    return state


def load_weight_norm_state(module: nn.Module, state: dict[str, Tensor]) -> None:
    """The inverse of ``weight_norm_state``; keys that ``state`` lacks keep their values."""
    mark = ".parametrizations.weight.original1"
    plain = {
        key.replace(mark, ".weight"): value
        for key, value in state.items()
        if not key.endswith("original0")
    }
    wrong = module.load_state_dict(plain, strict=False).unexpected_keys
    if wrong:
        raise ValueError(f"weights of another architecture: {wrong[0]} and {len(wrong) - 1} more")


def pointwise(layer: nn.Conv1d, x: Tensor) -> Tensor:
    """A kernel-1 convolution as a matrix product (faster than conv1d on CPU)."""
    weight = layer.weight[:, :, 0].expand(x.shape[0], -1, -1)
    if layer.bias is None:
        return torch.bmm(weight, x)
    return torch.baddbmm(layer.bias[:, None], weight, x)


def _unit(block: ResidualUnit, x: Tensor) -> Tensor:
    first, depthwise, second, mix = block.block
    inner = kernels.unit(
        x, first.alpha, depthwise.weight, depthwise.bias, second.alpha, depthwise.dilation[0]
    )
    return x + pointwise(mix, inner)


def _block(block: DecoderBlock, x: Tensor) -> Tensor:
    for layer in block.block:
        if isinstance(layer, Snake1d):
            x = kernels.snake(x, layer.alpha)
        elif isinstance(layer, nn.ConvTranspose1d):
            x = kernels.upsample(x, layer.weight, layer.bias, int(layer.stride[0]))
        elif isinstance(layer, NoiseBlock):
            noise = torch.randn((x.shape[0], 1, x.shape[2]), device=x.device, dtype=x.dtype)
            x = x + noise * pointwise(layer.linear, x)
        else:
            x = _unit(layer, x)
    return x


def decode(decoder: Decoder, latent: Tensor) -> Tensor:
    """What ``decoder(latent)`` computes, latent [batch, dim, steps] -> [batch, 1, 512 steps].

    The decoder's weight norm is folded, it is depthwise and has no attention.
    """
    depthwise, mix, *rest = decoder.model
    x = pointwise(mix, depthwise(latent))
    layers: list[Any] = rest
    for layer in layers:
        if isinstance(layer, DecoderBlock):
            x = _block(layer, x)
        elif isinstance(layer, Snake1d):
            x = kernels.snake(x, layer.alpha)
        elif isinstance(layer, nn.Conv1d):
            x = kernels.final(x, layer.weight, layer.bias)
        else:
            x = layer(x)
    return x
