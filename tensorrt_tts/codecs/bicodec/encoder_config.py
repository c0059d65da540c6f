"""What a BiCodec checkpoint's config says of encoding, beside what decoding needs. Pure."""

from __future__ import annotations

from pydantic import PositiveFloat, PositiveInt, model_validator

from tensorrt_tts.codecs.bicodec.config import (
    BiCodecConfig,
    MelConfig,
    Positive,
    Section,
    SpeakerConfig,
)


class FullMelConfig(MelConfig):
    """mel_fmax: half the sample rate where it is None."""

    n_fft: PositiveInt
    win_length: PositiveInt
    hop_length: PositiveInt
    mel_fmin: float = 0.0
    mel_fmax: PositiveFloat | None = None
    num_mels: PositiveInt


class SemanticEncoderConfig(Section):
    input_channels: PositiveInt
    vocos_dim: PositiveInt
    vocos_intermediate_dim: PositiveInt
    vocos_num_layers: PositiveInt
    out_channels: PositiveInt
    sample_ratios: Positive = (1, 1)


class FullSpeakerConfig(SpeakerConfig):
    input_dim: PositiveInt


class EncodingConfig(BiCodecConfig):
    """The constructor arguments of Spark-TTS's `BiCodec`, without those of training."""

    mel_params: FullMelConfig
    encoder: SemanticEncoderConfig
    speaker_encoder: FullSpeakerConfig

    @model_validator(mode="after")
    def _encodable(self) -> EncodingConfig:
        encoder, mel = self.encoder, self.mel_params
        if any(ratio != 1 for ratio in encoder.sample_ratios):
            raise ValueError(
                f"encoder.sample_ratios {list(encoder.sample_ratios)}: only ratios of 1 are encoded"
                " here, which the released model has"
            )
        if encoder.out_channels != self.quantizer.input_dim:
            raise ValueError(
                f"encoder.out_channels {encoder.out_channels}: not quantizer.input_dim, "
                f"{self.quantizer.input_dim}, which reads it"
            )
        if self.speaker_encoder.input_dim != mel.num_mels:
            raise ValueError(
                f"speaker_encoder.input_dim {self.speaker_encoder.input_dim}: not "
                f"mel_params.num_mels, {mel.num_mels}, which it reads"
            )
        if not mel.win_length <= mel.n_fft:
            raise ValueError(f"mel_params.win_length {mel.win_length}: more than n_fft {mel.n_fft}")
        return self
