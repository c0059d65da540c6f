"""What cloning needs beside `tiny_spark`: BiCodec's encoders and a wav2vec 2.0, with random
weights; and recordings of nobody."""

from __future__ import annotations

import json
import wave
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from benchmarks.codecs.random_bicodec import random_weights
from tensorrt_tts.codecs.bicodec.encoder_config import EncodingConfig
from tensorrt_tts.codecs.bicodec.encoder_weights import shapes
from tests.support.tiny_bicodec import TINY, released
from tests.support.tiny_spark import write_language_model

FEATURES = 24

TINY_ENCODING = EncodingConfig.model_validate(
    TINY.model_dump(mode="json")
    | {
        "mel_params": {
            "sample_rate": 16_000,
            "n_fft": 1024,
            "win_length": 640,
            "hop_length": 320,
            "mel_fmin": 10,
            "mel_fmax": None,
            "num_mels": 16,
        },
        "encoder": {
            "input_channels": FEATURES,
            "vocos_dim": 12,
            "vocos_intermediate_dim": 16,
            "vocos_num_layers": 3,
            "out_channels": TINY.quantizer.input_dim,
        },
        "speaker_encoder": {**TINY.speaker_encoder.model_dump(mode="json"), "input_dim": 16},
    }
)
"""`TINY`, and what encodes for it. ECAPA-TDNN is as wide as the released one."""


@lru_cache(maxsize=4)
def encoder_weights(seed: int = 0) -> dict[str, torch.Tensor]:
    """By their released names, of a gain that leaves no layer without a say."""
    found = {}
    for name, shape in shapes(TINY_ENCODING).items():
        source = np.random.RandomState(zlib.crc32(name.encode()) ^ seed)
        values = source.standard_normal(shape)
        if name.endswith("running_var"):
            values = np.abs(1 + 0.1 * values)
        elif len(shape) == 1:
            mean = 1.0 if name.endswith(("norm.weight", "gamma")) or ".bn" in name else 0.0
            mean = 0.0 if name.endswith(("bias", "running_mean")) else mean
            values = mean + 0.1 * values
        elif not name.endswith(("latents", "codebook.weight")):
            values = values * float(np.prod(shape[1:])) ** -0.5
        found[name] = torch.from_numpy(values.astype(np.float32))
    found["quantizer.codebook.weight"] = random_weights(TINY)["quantizer.codebook.weight"]
    return found


def write_encoder(folder: Path, seed: int = 0) -> Path:
    """A checkpoint folder as released, with weights to decode and to encode."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = released(random_weights(TINY) | encoder_weights(seed))
    save_file(weights, folder / "model.safetensors")
    content = {"audio_tokenizer": TINY_ENCODING.model_dump(mode="json")}
    (folder / "config.yaml").write_text(json.dumps(content), encoding="utf-8")
    return folder


def write_wav2vec2(folder: Path, layers: int = 24) -> Path:
    """In the shape of facebook/wav2vec2-large-xlsr-53, and narrow."""
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    config = Wav2Vec2Config(
        hidden_size=FEATURES,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(8,) * 7,
        conv_bias=True,
        do_stable_layer_norm=True,
        feat_extract_norm="layer",
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Wav2Vec2Model(config)
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=float(parameter[0].numel()) ** -0.5)
    model.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=True).save_pretrained(folder)
    return folder


def write_cloning_spark(folder: Path) -> Path:
    """A whole checkpoint, laid out as released."""
    write_language_model(folder / "LLM")
    write_encoder(folder / "BiCodec")
    write_wav2vec2(folder / "wav2vec2-large-xlsr-53")
    return folder


def humming(seconds: float, rate: int = 16_000, pitch: float = 150.0) -> np.ndarray:
    """float64 (samples,): a voice of nobody, which rises and falls."""
    t = np.arange(round(seconds * rate)) / rate
    noise = np.random.RandomState(int(pitch)).standard_normal(len(t))
    tone = np.sin(2 * np.pi * pitch * t + 3 * np.sin(6 * np.pi * t))
    return 0.3 * tone * (1 + np.sin(4.6 * np.pi * t)) / 2 + 0.01 * noise


def write_wav(path: Path, *channels: np.ndarray, rate: int = 16_000) -> Path:
    """16 bits."""
    samples = np.rint(32767 * np.clip(np.stack(channels, 1), -1, 1)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path
