"""The layers of BiCodec's encoders by their released names, each over a whole sequence.

Encoding sees all of its audio at once, so nothing here knows of windows: see `stages` for those of
the decoder.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F

NORM_EPSILON = 1e-6
"""Of every layer norm."""

BATCH_NORM_EPSILON = 1e-5


class Layers:
    """weights: by the released names, weight norm folded; in the precision to compute in."""

    def __init__(self, weights: Mapping[str, torch.Tensor]) -> None:
        self.weights = weights

    def linear(self, name: str, x: torch.Tensor) -> torch.Tensor:
        """Channels innermost. Some have no bias."""
        return F.linear(x, self.weights[f"{name}.weight"], self.weights.get(f"{name}.bias"))

    def convolution(
        self, name: str, x: torch.Tensor, dilation: int = 1, groups: int = 1
    ) -> torch.Tensor:
        """(B, channels, positions), as long as it came."""
        weight = self.weights[f"{name}.weight"]
        padding = dilation * (weight.shape[-1] // 2)
        return F.conv1d(x, weight, self.weights[f"{name}.bias"], 1, padding, dilation, groups)

    def norm(self, name: str, x: torch.Tensor) -> torch.Tensor:
        """Over channels, innermost."""
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return F.layer_norm(x, x.shape[-1:], weight, bias, NORM_EPSILON)

    def batch_norm(self, name: str, x: torch.Tensor) -> torch.Tensor:
        """(B, channels, positions), by what training has seen, not by what comes."""
        parts = ("running_mean", "running_var", "weight", "bias")
        mean, variance, weight, bias = (self.weights[f"{name}.{part}"] for part in parts)
        return F.batch_norm(x, mean, variance, weight, bias, eps=BATCH_NORM_EPSILON)
