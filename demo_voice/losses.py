"""Reconstruction losses between waveforms [batch, samples]."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from demo_voice.mel import mel_filters
from demo_voice.phase import SAMPLE_RATE

# (n_fft, mel bands): hop is a quarter of n_fft.
MEL_SCALES = ((2048, 160), (1024, 80), (512, 40), (256, 20), (128, 10))
COMPLEX_SIZES = (1024, 256)
FLOOR = 1e-3
VOICED_TOP = 4000  # Hz; above, the voice is mostly noise, whose phase cannot be learned


class _Spectrum(torch.autograd.Function):
    """Windowed frames' spectra; on CPU several times faster backward than torch.stft's."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, n_fft: int) -> Tensor:
        ctx.n_fft, ctx.samples = n_fft, x.shape[-1]
        frames = x.unfold(-1, n_fft, n_fft // 4) * torch.hann_window(n_fft, device=x.device)
        spectrum: Tensor = torch.fft.rfft(frames)
        return spectrum

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        n_fft, hop = ctx.n_fft, ctx.n_fft // 4
        # The adjoint of rfft: irfft without its 1/n, and its inner bins count once, not twice.
        grad = grad * (0.5 * n_fft)
        grad[..., 0] *= 2
        grad[..., -1] *= 2
        frames = torch.fft.irfft(grad, n_fft) * torch.hann_window(n_fft, device=grad.device)
        batch, count, _ = frames.shape
        blocks = frames.view(batch, count, 4, hop)
        line = frames.new_zeros(batch, -(-ctx.samples // hop), hop)
        for k in range(4):
            line[:, k : k + count] += blocks[:, :, k]
        return line.view(batch, -1)[:, : ctx.samples], None


def stft(x: Tensor, n_fft: int) -> Tensor:
    """Spectra [batch, frames, bins] every n_fft / 4 samples, the ends reflected."""
    padded = F.pad(x[:, None], (n_fft // 2, n_fft // 2), mode="reflect")[:, 0]
    spectrum: Tensor = _Spectrum.apply(padded, n_fft)
    return spectrum


def magnitude(spectrum: Tensor) -> Tensor:
    """|spectrum|, with a gradient that stays finite at 0."""
    return (spectrum.real.square() + spectrum.imag.square() + 1e-9).sqrt()


def _relative(made: Tensor, real: Tensor) -> Tensor:
    """Distance of two complex spectra: 1 for silence."""
    distance = magnitude(made - real).mean()
    return distance / (magnitude(real).mean() + 1e-3)


def reconstruction(made: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    """Log-mel distance summed over MEL_SCALES, and waveform plus complex-spectrum distance.

    The second only makes sense because the pulse phase is locked (``phase.py``).
    """
    mel = made.new_zeros(())
    phases = (made - real).abs().mean() / (real.abs().mean() + 1e-3)
    for n_fft, bands in MEL_SCALES:
        filters = mel_filters(n_fft, bands).to(made.device).t()
        mine = stft(made, n_fft)
        with torch.no_grad():
            theirs = stft(real, n_fft)
            wanted = (magnitude(theirs) @ filters).clamp(min=FLOOR).log10()
        logs = (magnitude(mine) @ filters).clamp(min=FLOOR).log10()
        mel = mel + (logs - wanted).abs().mean()
        if n_fft in COMPLEX_SIZES:
            low = n_fft * VOICED_TOP // SAMPLE_RATE
            phases = phases + _relative(mine[..., :low], theirs[..., :low])
    return mel, phases
