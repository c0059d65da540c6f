"""A SNAC checkpoint's config.json, checked, and the context that follows from it. Pure."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    model_validator,
)

from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.snac.receptive_field import reach
from tensorrt_tts.errors import CheckpointNotFoundError
from tensorrt_tts.files import read_json

Rates = Annotated[tuple[Annotated[int, Field(ge=2)], ...], Field(min_length=1)]
"""Of up- or downsampling, layer by layer."""


class SnacConfig(BaseModel):
    """The constructor arguments of `snac.SNAC`, as the released config.json names them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sampling_rate: PositiveInt
    encoder_dim: PositiveInt
    encoder_rates: Rates
    latent_dim: PositiveInt | None = None
    decoder_dim: PositiveInt
    decoder_rates: Rates
    attn_window_size: int | None = None
    codebook_size: PositiveInt
    codebook_dim: PositiveInt
    vq_strides: tuple[int, ...]
    noise: bool = True
    depthwise: bool = True

    @model_validator(mode="after")
    def _known_layers(self) -> SnacConfig:
        if not self.depthwise:
            raise ValueError(
                "depthwise false: only the depthwise variant is decoded here, which all released "
                "models are"
            )
        return self

    @model_validator(mode="after")
    def _streamable(self) -> SnacConfig:
        if self.attn_window_size is not None:
            raise ValueError(
                f"attn_window_size {self.attn_window_size}: a SNAC with attention has no bounded "
                "context and cannot be streamed exactly; use the 24 kHz model"
            )
        if self.vq_strides != (4, 2, 1):
            raise ValueError(
                f"vq_strides {self.vq_strides}: Orpheus frames hold 1, 2 and 4 codes, so (4, 2, 1)"
            )
        return self

    @property
    def hop(self) -> int:
        """Samples per latent step."""
        return math.prod(self.decoder_rates)

    def context(self) -> CodecContext:
        lookahead, lookbehind = reach(self.decoder_rates)
        steps = self.vq_strides[0]  # the coarsest level has one code a frame, the finest one a step
        return CodecContext(self.sampling_rate, self.hop, steps, lookahead, lookbehind)

    def constructor(self) -> dict[str, Any]:
        """Keyword arguments for `snac.SNAC`."""
        arguments = self.model_dump()
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in arguments.items()
        }

    @classmethod
    def read(cls, folder: Path) -> SnacConfig:
        """Raises CheckpointNotFoundError, CorruptCheckpointError."""
        try:
            return read_json(folder / "config.json", cls)
        except FileNotFoundError as error:
            raise CheckpointNotFoundError(
                f"no config.json in codec folder '{folder}'; give the folder that holds SNAC's "
                "config.json and its weights"
            ) from error


SNAC_24KHZ = SnacConfig(
    sampling_rate=24000,
    encoder_dim=48,
    encoder_rates=(2, 4, 8, 8),
    decoder_dim=1024,
    decoder_rates=(8, 8, 4, 2),
    attn_window_size=None,
    codebook_size=4096,
    codebook_dim=8,
    vq_strides=(4, 2, 1),
    noise=True,
    depthwise=True,
)
"""config.json of hubertsiuzdak/snac_24khz (19.8 M parameters, 13.0 M of them the decoder)."""
