"""An AP-BWE of its real kind, small and with random weights; and what it does to a whole signal."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from tensorrt_tts.audio.bandwidth.config import ExtensionConfig
from tensorrt_tts.audio.bandwidth.extension import BandwidthExtension
from tensorrt_tts.audio.bandwidth.network import ExtensionNetwork
from tensorrt_tts.audio.bandwidth.sinc import SincUpsampler
from tensorrt_tts.audio.bandwidth.weights import shapes
from tensorrt_tts.audio.pcm import FULL_SCALE, to_int16
from tests.support.golden import recipe_weights

RELEASED = {
    "n_fft": 1024,
    "hop_size": 80,
    "win_size": 320,
    "hr_sampling_rate": 48000,
    "lr_sampling_rate": 16000,
    "ConvNeXt_channels": 512,
    "ConvNeXt_layers": 8,
}

TINY = RELEASED | {"ConvNeXt_channels": 6, "ConvNeXt_layers": 2, "subband": [1, 2]}

RULES = (
    ("gamma$", 0.5, 0.1),
    ("norm.*weight$", 1.0, 0.1),
    ("linear_post_mag.weight$", 0.0, "fan*0.3"),
    ("bias$", 0.0, 0.1),
    ("weight$", 0.0, "fan"),
)


def tiny_config() -> ExtensionConfig:
    return ExtensionConfig.model_validate(TINY)


def tiny_weights() -> dict[str, torch.Tensor]:
    return recipe_weights(shapes(tiny_config()), RULES, seed=3)


def tiny_extension() -> BandwidthExtension:
    return BandwidthExtension(tiny_config(), tiny_weights())


def write_extension(folder: Path) -> Path:
    """As it is released: torch's own file, without an ending."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(TINY), encoding="utf-8")
    torch.save({"generator": tiny_weights()}, folder / "g_16kto48k")
    return folder


def write_safetensors(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(TINY), encoding="utf-8")
    save_file(tiny_weights(), folder / "model.safetensors")
    return folder


def upsampled(pcm: np.ndarray) -> np.ndarray:
    sinc = SincUpsampler(3)
    return np.concatenate([sinc.push(pcm.astype(np.float32) / FULL_SCALE), sinc.finish()])


def whole(samples: np.ndarray, network: ExtensionNetwork) -> np.ndarray:
    """All at once, by torch's own transforms. float32 (n,) to float32 (n cut to whole hops,)."""
    window = torch.hann_window(320)
    spectrum = torch.stft(
        torch.from_numpy(samples)[None], 1024, 80, 320, window, return_complex=True
    )
    with torch.inference_mode():
        log_amplitude, phase = network(torch.log(spectrum.abs() + 1e-4), spectrum.angle())
        found = torch.polar(torch.exp(log_amplitude), phase)
        return torch.istft(found, 1024, 80, 320, window)[0].numpy()


def extended(pcm: np.ndarray, network: ExtensionNetwork) -> np.ndarray:
    """int16 of 16 kHz to int16 of 48 kHz. Long enough for torch to mirror its ends."""
    samples = upsampled(pcm)
    samples = np.concatenate([samples, np.zeros(-len(samples) % 80, np.float32)])
    return to_int16(whole(samples, network)[: 3 * len(pcm)])
