"""BiCodec's encoders: who speaks, as a speaker's tokens, and what is said, as semantic codes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from tensorrt_tts.codecs.base import Condition
from tensorrt_tts.codecs.bicodec import encoder_weights
from tensorrt_tts.codecs.bicodec.encoder_config import EncodingConfig
from tensorrt_tts.codecs.bicodec.layers import Layers
from tensorrt_tts.codecs.bicodec.mel import Mel
from tensorrt_tts.codecs.bicodec.semantic_encoder import SemanticEncoder
from tensorrt_tts.codecs.bicodec.speaker_encoder import SpeakerEncoder
from tensorrt_tts.codecs.full_precision import full_precision

CLIP_S = 6
"""Of the beginning of a recording, which is all that is heard of who speaks
(`ref_segment_duration` in the released checkpoint's config.yaml)."""


class BiCodecEncoder:
    """One loaded checkpoint. It has no state, and one recording is encoded at a time."""

    def __init__(
        self, config: EncodingConfig, weights: Mapping[str, torch.Tensor], device: str = "cpu"
    ) -> None:
        """weights: as `encoder_weights.shapes` names them; in the precision to compute in."""
        self.config = config
        layers = Layers({name: tensor.to(device) for name, tensor in weights.items()})
        self._like = layers.weights["quantizer.codebook.weight"]
        self._mel = Mel(config.mel_params, self._like)
        self._speaker = SpeakerEncoder(config, layers)
        self._semantic = SemanticEncoder(config, layers)

    @classmethod
    def from_folder(cls, folder: Path, device: str = "cpu") -> BiCodecEncoder:
        """Raises CheckpointNotFoundError, CorruptCheckpointError."""
        return cls(*encoder_weights.load(folder), device)

    def speaker(self, samples: np.ndarray) -> Condition:
        """samples: float (samples,) of at least one, at the codec's rate. Their first `CLIP_S`
        seconds say who speaks; shorter ones are repeated."""
        mel = self.config.mel_params
        length = CLIP_S * mel.sample_rate // mel.hop_length * mel.hop_length
        tokens = self.trace_speaker(np.resize(samples, length))["glob"][0]
        return tuple(int(token) for token in tokens)

    def semantics(self, features: np.ndarray) -> tuple[int, ...]:
        """features: float (steps, channels), as `SpeechFeatures` has them. A code for each step."""
        return tuple(int(code) for code in self.trace_semantics(features)["semantic"])

    @torch.inference_mode()
    @full_precision()
    def trace_speaker(self, clip: np.ndarray) -> dict[str, np.ndarray]:
        """What is computed on the way from a clip, float (samples,): "mel" (mels, frames),
        "perceiver" (tokens, latent), and "glob" (1, tokens)."""
        mel = self._mel(torch.tensor(clip).to(self._like))[None]
        queries = self._speaker.queries(self._speaker.frames(mel))
        tokens = self._speaker.tokens(queries)
        return _arrays(mel=mel[0], perceiver=queries[0], glob=tokens)

    @torch.inference_mode()
    @full_precision()
    def trace_semantics(self, features: np.ndarray) -> dict[str, np.ndarray]:
        """What is computed on the way from features: "z" (channels, steps), "z_e" (code channels,
        steps), and "semantic" (steps,)."""
        z = self._semantic.latents(torch.tensor(features).to(self._like)[None])
        projected = self._semantic.projected(z)
        return _arrays(z=z[0], z_e=projected[0], semantic=self._semantic.codes(projected)[0])


def _arrays(**tensors: torch.Tensor) -> dict[str, np.ndarray]:
    return {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
