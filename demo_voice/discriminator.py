"""Small discriminators over spectrograms, for the decoder's adversarial training."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from demo_voice.losses import magnitude, stft

SIZES = (1024, 512, 256)
CHANNELS = 16
SLOPE = 0.1


class StftDiscriminator(nn.Module):
    """Scores time-frequency patches of one STFT resolution.

    Input: real and imaginary part with compressed magnitude, and the log magnitude.
    """

    def __init__(self, n_fft: int) -> None:
        super().__init__()
        self.n_fft = n_fft
        widths = (3, CHANNELS, CHANNELS, CHANNELS * 2, CHANNELS * 2)
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(a, b, (3, 7), stride=(1, 2), padding=(1, 3)))
            for a, b in itertools.pairwise(widths)
        )
        self.head = weight_norm(nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, audio: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Scores and the inner layers of audio [batch, samples]."""
        spectrum = stft(audio, self.n_fft)
        size = magnitude(spectrum)
        shrink = (size + 1e-3).rsqrt()
        x = torch.stack(
            [spectrum.real * shrink, spectrum.imag * shrink, (size + 1e-3).log10()], dim=1
        )
        inner = []
        for layer in self.layers:
            x = nn.functional.leaky_relu(layer(x), SLOPE)
            inner.append(x)
        return self.head(x), inner


def discriminator_loss(real: Tensor, made: Tensor) -> Tensor:
    """Least squares: real patches to 1, made ones to 0."""
    return (real - 1).square().mean() + made.square().mean()


def feature_distance(real: list[Tensor], made: list[Tensor]) -> Tensor:
    """Mean relative distance of the inner layers."""
    terms = [
        (m - r.detach()).abs().mean() / (r.detach().abs().mean() + 1e-3)
        for r, m in zip(real, made, strict=True)
    ]
    return torch.stack(terms).mean()
