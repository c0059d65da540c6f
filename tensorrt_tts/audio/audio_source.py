"""The rate of what a model says, and how a listener gets another: resampled, or with what the lower
rate could not hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from tensorrt_tts.audio.resample import Resampler
from tensorrt_tts.errors import SettingError

if TYPE_CHECKING:
    from tensorrt_tts.audio.bandwidth.extension import BandwidthExtension

T = TypeVar("T")

LOWEST_RATE, HIGHEST_RATE = 8_000, 48_000
"""Hz that a listener may ask for."""

NONE, SOXR = "none", "soxr"


class Stage(Protocol):
    """int16 (samples,) to int16 (samples,), which may be none yet."""

    def push(self, pcm: np.ndarray) -> np.ndarray: ...

    def finish(self) -> np.ndarray:
        """What is left. Called once."""
        ...


@dataclass(frozen=True, slots=True)
class AudioSource:
    """sample_rate: Hz of what comes. extension: for those who ask for its rate."""

    sample_rate: int
    extension: BandwidthExtension | None = None

    def at(self, rate: int | None = None) -> OutputRate:
        """One stream of it at `rate` Hz; None for its own. Raises MissingDependencyError without
        soxr."""
        return OutputRate(self, self.sample_rate if rate is None else rate)


class OutputRate:
    """One stream at the rate that its listener asked for. Its samples do not depend on where the
    chunks were cut, and are as many as the audio lasts.

    applied: "none", "soxr", or the name of the extension: how it is done.
    """

    def __init__(self, source: AudioSource, rate: int) -> None:
        self.rate = rate
        self.applied = NONE
        self._source_rate = source.sample_rate
        self._given = self._made = 0
        self._stage: Stage | None = None
        self._beside: BandwidthExtension | None = None
        extension = source.extension
        if rate == source.sample_rate:
            return
        if extension is not None and (source.sample_rate, rate) == extension.rates:
            self.applied, self._beside = extension.name, extension
            self._stage = extension.open()
        else:
            self.applied = SOXR
            self._stage = Resampler(source.sample_rate, rate)

    @property
    def kept(self) -> int:
        """Samples of the source that have come and are not out yet: the next ones are waited
        for."""
        return self._given - round(self._made * self._source_rate / self.rate)

    def push(self, pcm: np.ndarray) -> np.ndarray:
        """int16 (samples,) to int16 (samples,), which may be none yet."""
        self._given += len(pcm)
        return self._out(pcm if self._stage is None else self._stage.push(pcm))

    def finish(self) -> np.ndarray:
        """What is left. Called once."""
        return self._out(np.zeros(0, np.int16) if self._stage is None else self._stage.finish())

    async def run(self, act: Callable[..., T], *arguments: object) -> T:
        """A push or finish, of this or of what it is a part of, without holding up the event loop
        where it takes long."""
        if self._beside is None:
            return act(*arguments)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._beside.threads, act, *arguments)

    def _out(self, pcm: np.ndarray) -> np.ndarray:
        self._made += len(pcm)
        return pcm


def check_rate(rate: int, name: str = "sample_rate") -> int:
    """Raises SettingError for one that nobody may ask for."""
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise SettingError(f"{name} {rate} is out of range; use {LOWEST_RATE} to {HIGHEST_RATE} Hz")
    return rate
