"""A BiCodec checkpoint's config, checked, and the context that follows from it. Pure."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, create_model, model_validator

from tensorrt_tts.codecs.bicodec.receptive_field import generator_reach, prenet_reach
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.errors import CheckpointNotFoundError
from tensorrt_tts.files import read_json, read_yaml

YAML_FILE = "config.yaml"
"""As released: the arguments are its `audio_tokenizer`."""

JSON_FILE = "config.json"
"""The arguments alone. Looked for first."""

DEFAULT_PRENET_LOOKAHEAD = 22
"""Steps, of the 57 that the prenet sees; the generator has all of its own, ten. A step reaches 67
steps back, 1.3 s, but hardly. What random weights at a speaker's level are off by, in the released
size over 3.4 s in hops of half a second: 1.2e-5 at 20, 5.0e-6 at 22, where a step of int16 is
3.1e-5. Weights differ: `tensorrt-tts stability` measures those at hand."""

STATE_PRENET_LOOKAHEAD = 28
"""The same with state, where what the prenet says of a step is said once, and the steps before the
last ones have no more of their future known than those: 4.7e-4 at 20, 3.8e-5 at 24, 5.3e-6 at
28."""

GATHERED_STEPS = 64
"""That hops may grow to while the listener has enough to play, 1.28 s: a window decodes twenty more
of the generator's for each hop, and both kinds of stream some forty more of the prenet's."""

Positive = Annotated[tuple[PositiveInt, ...], Field(min_length=1)]


class Section(BaseModel):
    """What else a released config holds is of training, or of the encoder."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class MelConfig(Section):
    sample_rate: PositiveInt


class GeneratorConfig(Section):
    input_channel: PositiveInt
    channels: PositiveInt
    rates: Positive
    kernel_sizes: Positive


class QuantizerConfig(Section):
    input_dim: PositiveInt
    codebook_size: PositiveInt
    codebook_dim: PositiveInt


class SpeakerConfig(Section):
    out_dim: PositiveInt
    latent_dim: PositiveInt
    token_num: PositiveInt
    fsq_levels: Annotated[tuple[Annotated[int, Field(ge=2)], ...], Field(min_length=1)]
    fsq_num_quantizers: int = 1

    @property
    def codes(self) -> int:
        """Of one token."""
        return math.prod(self.fsq_levels)


class PrenetConfig(Section):
    input_channels: PositiveInt
    vocos_dim: PositiveInt
    vocos_intermediate_dim: PositiveInt
    vocos_num_layers: PositiveInt
    out_channels: PositiveInt
    condition_dim: PositiveInt
    sample_ratios: Positive = (1, 1)
    use_tanh_at_final: bool = False


class BiCodecConfig(Section):
    """The constructor arguments of Spark-TTS's `BiCodec` that decoding depends on."""

    mel_params: MelConfig
    decoder: GeneratorConfig
    quantizer: QuantizerConfig
    speaker_encoder: SpeakerConfig
    prenet: PrenetConfig

    @model_validator(mode="after")
    def _decodable(self) -> BiCodecConfig:
        generator, prenet, speaker = self.decoder, self.prenet, self.speaker_encoder
        if any(ratio != 1 for ratio in prenet.sample_ratios):
            raise ValueError(
                f"prenet.sample_ratios {list(prenet.sample_ratios)}: only ratios of 1 are decoded "
                "here, which the released model has"
            )
        if speaker.fsq_num_quantizers != 1:
            raise ValueError(
                f"speaker_encoder.fsq_num_quantizers {speaker.fsq_num_quantizers}: one is decoded "
                "here, as the released model has it"
            )
        if len(generator.rates) != len(generator.kernel_sizes):
            raise ValueError(
                f"decoder.kernel_sizes {list(generator.kernel_sizes)}: one for each of the rates "
                f"{list(generator.rates)} is due"
            )
        for rate, kernel in zip(generator.rates, generator.kernel_sizes, strict=True):
            if kernel < rate or (kernel - rate) % 2:
                raise ValueError(
                    f"decoder.kernel_sizes {kernel} for a rate of {rate}: must exceed it by an even"
                    " number, or the output has not the length of its steps"
                )
        if generator.channels % 2 ** len(generator.rates):
            raise ValueError(
                f"decoder.channels {generator.channels}: halved by each of {len(generator.rates)} "
                "blocks, so a multiple of that power of 2"
            )
        width = prenet.input_channels
        for name, value in (
            ("quantizer.input_dim", self.quantizer.input_dim),
            ("prenet.out_channels", prenet.out_channels),
            ("prenet.condition_dim", prenet.condition_dim),
            ("speaker_encoder.out_dim", speaker.out_dim),
            ("decoder.input_channel", generator.input_channel),
        ):
            if value != width:
                raise ValueError(
                    f"{name} {value}: not prenet.input_channels, {width}, which it is added to"
                )
        return self

    @property
    def hop(self) -> int:
        """Samples per step."""
        return math.prod(self.decoder.rates)

    def context(self) -> CodecContext:
        """The released model's: 16000, 320, 1, 21381, 21381, and 10181 unless somebody chooses;
        20480 that may be gathered."""
        prenet, before = self.reach()
        _, after = generator_reach(self.decoder.rates, self.decoder.kernel_sizes)
        default = before + self.hop * min(prenet, DEFAULT_PRENET_LOOKAHEAD)
        return CodecContext(
            sample_rate=self.mel_params.sample_rate,
            samples_per_step=self.hop,
            steps_per_frame=1,
            lookahead=before + self.hop * prenet,
            lookbehind=after + self.hop * prenet,
            default_lookahead=default,
            gather=self.hop * GATHERED_STEPS,
        )

    def state_lookahead(self) -> int:
        """Samples that a stream with state waits for, unless it waits for all: 12101."""
        prenet, before = self.reach()
        return before + self.hop * min(prenet, STATE_PRENET_LOOKAHEAD)

    def reach(self) -> tuple[int, int]:
        """Steps that the prenet sees to either side, and samples that the generator looks ahead: 57
        and 3141."""
        before, _ = generator_reach(self.decoder.rates, self.decoder.kernel_sizes)
        return prenet_reach(self.prenet.vocos_num_layers, self.prenet.sample_ratios), before

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Raises CheckpointNotFoundError, CorruptCheckpointError."""
        if (folder / JSON_FILE).is_file():
            return read_json(folder / JSON_FILE, cls)
        released: Any = create_model(YAML_FILE, __base__=Section, audio_tokenizer=(cls, ...))
        try:
            found: Self = read_yaml(folder / YAML_FILE, released).audio_tokenizer
            return found
        except FileNotFoundError as error:
            raise CheckpointNotFoundError(
                f"no {YAML_FILE} or {JSON_FILE} in codec folder '{folder}'; give the folder that "
                "holds BiCodec's config and its weights: BiCodec, in a Spark-TTS checkpoint"
            ) from error
