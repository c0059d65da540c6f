"""What it costs to encode a recording for cloning, part by part: CPU time, with random weights of
the released size, which cost what trained ones do.

    python -m benchmarks clone-cost [--lengths 6,30]
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.codecs.random_bicodec import FULL
from tensorrt_tts.audio.reference import RATE
from tensorrt_tts.codecs.bicodec.encoder_config import EncodingConfig

if TYPE_CHECKING:
    from tensorrt_tts.codecs.bicodec.encoder import BiCodecEncoder
    from tensorrt_tts.codecs.bicodec.features import SpeechFeatures

FULL_ENCODING: Mapping[str, Mapping[str, Any]] = {
    **FULL,
    "mel_params": {
        "sample_rate": RATE,
        "n_fft": 1024,
        "win_length": 640,
        "hop_length": 320,
        "mel_fmin": 10,
        "num_mels": 128,
    },
    "encoder": {
        "input_channels": 1024,
        "vocos_dim": 384,
        "vocos_intermediate_dim": 2048,
        "vocos_num_layers": 12,
        "out_channels": 1024,
    },
    "speaker_encoder": {**FULL["speaker_encoder"], "input_dim": 128},
}
"""The released config, with what encoding needs."""

WAV2VEC2: Mapping[str, Any] = {
    "hidden_size": 1024,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "conv_bias": True,
    "do_stable_layer_norm": True,
    "feat_extract_norm": "layer",
}
"""Of facebook/wav2vec2-large-xlsr-53."""


@dataclass(frozen=True, slots=True)
class CloneCost:
    """CPU seconds for a recording of so many seconds. speaker: its tokens, which is all that a
    clone without a transcript costs. features, semantics: wav2vec 2.0, and the codes made of it."""

    seconds: float
    speaker: float
    features: float
    semantics: float


def clone_costs(
    lengths: Sequence[float], encoder: BiCodecEncoder, features: SpeechFeatures
) -> list[CloneCost]:
    found = []
    for seconds in lengths:
        samples = 0.1 * np.random.RandomState(0).standard_normal(round(seconds * RATE))
        _, speaker = _timed(encoder.speaker, samples)
        heard, hearing = _timed(features, samples)
        _, semantics = _timed(encoder.semantics, heard)
        found.append(CloneCost(seconds, speaker, hearing, semantics))
    return found


def _timed(run: Callable[[np.ndarray], Any], given: np.ndarray) -> tuple[Any, float]:
    began = time.process_time()
    return run(given), time.process_time() - began


def open_random(
    sections: Mapping[str, Any] = FULL_ENCODING, wav2vec2: Mapping[str, Any] = WAV2VEC2
) -> tuple[BiCodecEncoder, SpeechFeatures]:
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    from tensorrt_tts.codecs.bicodec.encoder import BiCodecEncoder
    from tensorrt_tts.codecs.bicodec.encoder_weights import shapes
    from tensorrt_tts.codecs.bicodec.features import LAYERS, SpeechFeatures

    config = EncodingConfig.model_validate(sections)
    generator = torch.Generator().manual_seed(0)
    weights = {}
    for name, shape in shapes(config).items():
        scale = float(np.prod(shape[1:])) ** -0.5
        weights[name] = scale * torch.randn(shape, generator=generator)
        if name.endswith("running_var"):
            weights[name] = weights[name].abs() + 1
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Wav2Vec2Model(Wav2Vec2Config(num_hidden_layers=LAYERS, **wav2vec2)).eval()
    extractor = Wav2Vec2FeatureExtractor(do_normalize=True)
    return BiCodecEncoder(config, weights), SpeechFeatures(model, extractor)


def table(costs: Sequence[CloneCost]) -> str:
    lines = [f"{'recording':>10}{'speaker':>10}{'wav2vec2':>10}{'semantics':>11}   CPU seconds"]
    for cost in costs:
        lines.append(
            f"{cost.seconds:>8.1f} s{cost.speaker:>10.2f}{cost.features:>10.2f}"
            f"{cost.semantics:>11.2f}"
        )
    return "\n".join(lines)
