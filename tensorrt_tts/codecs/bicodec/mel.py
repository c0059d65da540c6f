"""The mel spectrogram that BiCodec's speaker encoder reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tensorrt_tts.codecs.bicodec.encoder_config import FullMelConfig

if TYPE_CHECKING:
    import torch


class Mel:
    """Magnitudes, not powers, and no logarithm; Slaney's filters, of equal area; frames centred on
    every hop, the ends mirrored."""

    def __init__(self, config: FullMelConfig, like: torch.Tensor) -> None:
        """like: whose precision and device are wanted."""
        import torch
        from transformers.audio_utils import mel_filter_bank

        self._config = config
        filters = mel_filter_bank(
            config.n_fft // 2 + 1,
            config.num_mels,
            config.mel_fmin,
            config.mel_fmax or config.sample_rate / 2,
            config.sample_rate,
            norm="slaney",
            mel_scale="slaney",
        )
        self._filters = torch.from_numpy(np.ascontiguousarray(filters.T)).to(like)
        self._window = torch.hann_window(config.win_length, dtype=torch.float64).to(like)

    def __call__(self, samples: torch.Tensor) -> torch.Tensor:
        """(samples,) to (mels, frames)."""
        import torch

        spectrum = torch.stft(
            samples,
            self._config.n_fft,
            self._config.hop_length,
            self._config.win_length,
            self._window,
            return_complex=True,
        )
        return self._filters @ spectrum.abs()
