"""Samples to frames of log amplitude and phase, and back: on a grid of hops, for any window of a
stream."""

from __future__ import annotations

import torch

from tensorrt_tts.audio.bandwidth.config import ExtensionConfig

FLOOR = 1e-4
"""Added to every amplitude before its logarithm, as in training."""


class Spectrum:
    """Hann windows, the first of them half a window into what it is given."""

    def __init__(self, config: ExtensionConfig, device: torch.device) -> None:
        self._size = config.n_fft
        self._hop = config.hop_size
        self._length = config.win_size
        self._window = torch.hann_window(config.win_size, device=device)

    def frames(self, samples: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, samples) to log amplitude and phase, (B, bins, frames): as many as fit."""
        blank = (self._size - self._length) // 2
        spectrum = torch.stft(
            torch.nn.functional.pad(samples, (blank, blank)),
            self._size,
            self._hop,
            self._length,
            self._window,
            center=False,
            return_complex=True,
        )
        return torch.log(spectrum.abs() + FLOOR), spectrum.angle()

    def samples(self, log_amplitude: torch.Tensor, phase: torch.Tensor) -> torch.Tensor:
        """(B, bins, frames) to (B, samples): from the middle of the first frame to that of the
        last one. What a further frame would add to is not whole: the first and last half window,
        unless the stream begins or ends there."""
        spectrum = torch.polar(torch.exp(log_amplitude), phase).transpose(1, 2)
        blank = (self._size - self._length) // 2
        pieces = torch.fft.irfft(spectrum, self._size)[..., blank : blank + self._length]
        weights = torch.ones_like(pieces[:1]) * self._window.square()
        half = self._length // 2
        total, weight = self._overlapped(pieces * self._window), self._overlapped(weights)
        return total[:, half:-half] / weight[:, half:-half]

    def _overlapped(self, pieces: torch.Tensor) -> torch.Tensor:
        """(B, frames, length) to their sum, each a hop after the one before. Always added in one
        order, so that a sample is the same in every window that it is in."""
        parts = self._length // self._hop
        batch, frames, _ = pieces.shape
        hops = pieces.new_zeros(batch, frames + parts - 1, self._hop)
        for part, cut in enumerate(pieces.split(self._hop, dim=2)):
            hops[:, part : part + frames] += cut
        return hops.flatten(1)
