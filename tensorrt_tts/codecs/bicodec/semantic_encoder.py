"""wav2vec2's features to semantic codes, one every 20 ms."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from tensorrt_tts.codecs.bicodec.encoder_config import EncodingConfig
from tensorrt_tts.codecs.bicodec.layers import Layers
from tensorrt_tts.codecs.bicodec.receptive_field import SAMPLING_LAYERS

SAMPLING_FACTOR = 3.0
"""A sampling block of ratio 1 adds its input to itself twice."""


class SemanticEncoder:
    def __init__(self, config: EncodingConfig, layers: Layers) -> None:
        self._config = config.encoder
        self._layers = layers

    def latents(self, features: torch.Tensor) -> torch.Tensor:
        """(B, steps, features) to (B, channels, steps)."""
        x = self._backbone("encoder.encoder", features, self._config.vocos_num_layers)
        for index in range(len(self._config.sample_ratios)):
            name = f"encoder.downsample.{index}.1"
            x = self._backbone(name, SAMPLING_FACTOR * x, SAMPLING_LAYERS)
        return self._layers.linear("encoder.project", x).transpose(1, 2)

    def projected(self, latents: torch.Tensor) -> torch.Tensor:
        """(B, channels, steps) to (B, code channels, steps), which `codes` looks up."""
        return self._layers.convolution("quantizer.in_project", latents)

    def codes(self, projected: torch.Tensor) -> torch.Tensor:
        """int64 (B, steps): the code of the nearest direction, whatever its length."""
        table = F.normalize(self._layers.weights["quantizer.codebook.weight"])
        return (F.normalize(projected, dim=1).transpose(1, 2) @ table.T).argmax(-1)

    def _backbone(self, name: str, x: torch.Tensor, count: int) -> torch.Tensor:
        """(B, steps, channels) in and out."""
        layers = self._layers
        x = layers.convolution(f"{name}.embed", x.transpose(1, 2)).transpose(1, 2)
        x = layers.norm(f"{name}.norm", x)
        for index in range(count):
            block = f"{name}.convnext.{index}"
            y = layers.convolution(f"{block}.dwconv", x.transpose(1, 2), groups=x.shape[-1])
            y = layers.norm(f"{block}.norm", y.transpose(1, 2))
            y = layers.linear(f"{block}.pwconv2", F.gelu(layers.linear(f"{block}.pwconv1", y)))
            x = x + y * layers.weights[f"{block}.gamma"]
        return layers.norm(f"{name}.final_layer_norm", x)
