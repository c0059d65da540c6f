"""An AP-BWE checkpoint's config, checked, and how far its network sees. Pure."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from tensorrt_tts.errors import CheckpointNotFoundError
from tensorrt_tts.files import read_json

CONFIG_FILE = "config.json"

KERNEL = 7
"""Of every convolution in time."""

HALF = KERNEL // 2


class ExtensionConfig(BaseModel):
    """Of a released checkpoint (yxlu-0102/AP-BWE). What else it holds is of training. Sizes are in
    samples of the higher rate."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    n_fft: PositiveInt
    hop_size: PositiveInt
    win_size: PositiveInt
    lr_sampling_rate: PositiveInt
    hr_sampling_rate: PositiveInt
    channels: PositiveInt = Field(alias="ConvNeXt_channels")
    layers: PositiveInt = Field(alias="ConvNeXt_layers")

    @model_validator(mode="after")
    def _streams(self) -> ExtensionConfig:
        if self.hr_sampling_rate % self.lr_sampling_rate:
            raise ValueError(
                f"hr_sampling_rate {self.hr_sampling_rate}: must be a multiple of "
                f"lr_sampling_rate {self.lr_sampling_rate}"
            )
        if self.win_size % (2 * self.hop_size) or self.win_size > self.n_fft:
            raise ValueError(
                f"win_size {self.win_size}: must be a multiple of two hop_size of {self.hop_size}, "
                f"and no longer than n_fft {self.n_fft}"
            )
        return self

    @property
    def bins(self) -> int:
        return self.n_fft // 2 + 1

    @property
    def factor(self) -> int:
        """Samples that come out for each that goes in."""
        return self.hr_sampling_rate // self.lr_sampling_rate

    @property
    def half_window(self) -> int:
        return self.win_size // 2

    @property
    def frame_reach(self) -> int:
        """Frames to either side that a frame of output depends on, 27: one convolution, and one in
        each of 8 blocks. Nothing in the network looks at a whole sequence."""
        return HALF * (1 + self.layers)

    @property
    def reach(self) -> int:
        """Samples to either side that a sample of output depends on: 2480, which is 51.7 ms. The
        frames whose windows hold it lie half a window away at most, the frames those depend on
        `frame_reach` hops further, and see half a window beyond."""
        return self.win_size + self.frame_reach * self.hop_size

    @classmethod
    def read(cls, folder: Path) -> ExtensionConfig:
        """Raises CheckpointNotFoundError, CorruptCheckpointError."""
        try:
            return read_json(folder / CONFIG_FILE, cls)
        except FileNotFoundError as error:
            raise CheckpointNotFoundError(
                f"no {CONFIG_FILE} in bandwidth extension folder '{folder}'; give the folder that "
                "holds an AP-BWE checkpoint: its config.json and its g_16kto48k"
            ) from error
