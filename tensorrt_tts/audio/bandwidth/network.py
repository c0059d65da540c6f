"""AP-BWE's network: log amplitude and phase of narrow-band frames to those of wide-band ones.

Two streams of ConvNeXt blocks, each adding to the other before every block. As its authors release
it (yxlu-0102/AP-BWE, after arXiv 2401.06387).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F

from tensorrt_tts.audio.bandwidth.config import HALF, ExtensionConfig

EPSILON = 1e-6
"""Of every layer norm."""

Weights = Mapping[str, torch.Tensor]


class ExtensionNetwork:
    """Frames beyond either end are zeros to every convolution, so a window of a stream gives the
    stream's own frames but for the first and last `ExtensionConfig.frame_reach`."""

    def __init__(self, config: ExtensionConfig, weights: Weights) -> None:
        self._layers = range(config.layers)
        self._weights = weights

    def __call__(
        self, log_amplitude: torch.Tensor, phase: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, bins, frames), natural logarithm and radians, to the same."""
        amplitude, angle = self._enter("mag", log_amplitude), self._enter("pha", phase)
        for index in self._layers:
            amplitude = amplitude + angle
            angle = angle + amplitude
            amplitude = self._block(f"convnext_mag.{index}", amplitude)
            angle = self._block(f"convnext_pha.{index}", angle)
        amplitude = self._norm("norm_post_mag", amplitude.transpose(1, 2))
        angle = self._norm("norm_post_pha", angle.transpose(1, 2))
        gain = self._linear("linear_post_mag", amplitude).transpose(1, 2)
        real, imaginary = (
            self._linear(f"linear_post_pha_{part}", angle).transpose(1, 2) for part in "ri"
        )
        return log_amplitude + gain, torch.atan2(imaginary, real)

    def _enter(self, stream: str, frames: torch.Tensor) -> torch.Tensor:
        x = F.conv1d(frames, *self._layer(f"conv_pre_{stream}"), padding=HALF)
        return self._norm(f"norm_pre_{stream}", x.transpose(1, 2)).transpose(1, 2)

    def _block(self, name: str, x: torch.Tensor) -> torch.Tensor:
        y = F.conv1d(x, *self._layer(f"{name}.dwconv"), padding=HALF, groups=x.shape[1])
        y = self._norm(f"{name}.norm", y.transpose(1, 2))
        y = F.gelu(self._linear(f"{name}.pwconv1", y))
        y = self._linear(f"{name}.pwconv2", y) * self._weights[f"{name}.gamma"]
        return x + y.transpose(1, 2)

    def _norm(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, x.shape[-1:], *self._layer(name), EPSILON)

    def _linear(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, *self._layer(name))

    def _layer(self, name: str) -> tuple[torch.Tensor, torch.Tensor]:
        return self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
