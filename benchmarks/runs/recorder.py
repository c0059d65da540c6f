"""Exchanges to request lines: interpreted, checked, saved and logged."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from benchmarks.listener.exchange import Exchange
from benchmarks.listener.integrity import faults
from benchmarks.listener.measures import measure, timeline
from benchmarks.runs.run_logger import RunLoggers
from benchmarks.runs.runlog import Phase, Request
from tensorrt_tts.audio.wav import WavWriter
from tensorrt_tts.errors import OutputError

_DIGITS = 6
"""Decimals of a second that are kept: a microsecond."""


class Recorder:
    """begin: when the run began, `time.perf_counter`. audio: folder for WAV files inside `folder`,
    None to keep none. name: what WAV files are called, `<name>_<prompt>.wav`."""

    def __init__(
        self, loggers: RunLoggers, begin: float, folder: Path, audio: str | None, name: str
    ) -> None:
        self.lines: list[Request] = []
        self._loggers = loggers
        self._begin = begin
        self._folder = folder
        self._audio = audio
        self._name = name

    def add(self, exchange: Exchange, phase: Phase = "measured") -> Request:
        """Log one exchange and return its line."""
        events = timeline(exchange)
        index = len(self.lines)
        label = f"cold_{index + 1}" if phase == "cold" else f"{self._name}_{exchange.prompt.id}"
        if phase != "cold" and any(line.prompt == exchange.prompt.id for line in self._spoken):
            label += f"_{index}"  # the same text again is another recording
        saved = None
        if self._audio is not None and events.pcm.size:
            saved = f"{self._audio}/{label}.wav"
            write_wav(self._folder / saved, events.pcm, exchange.sample_rate)
        line = Request(
            index=index,
            phase=phase,
            prompt=exchange.prompt.id,
            text=exchange.prompt.text,
            characters=exchange.prompt.characters,
            language=exchange.prompt.language,
            voice=exchange.voice,
            scheduled=round(exchange.scheduled - self._begin, _DIGITS),
            sample_rate=exchange.sample_rate,
            chunks=tuple((round(at, _DIGITS), samples) for at, samples in events.chunks),
            headers=tuple((round(at, _DIGITS), size) for at, size in events.headers),
            empty=tuple(round(at, _DIGITS) for at in events.empty),
            ended=round(exchange.closed - exchange.scheduled, _DIGITS),
            error=exchange.error,
            refused=exchange.refused,
            retry_after=exchange.retry_after,
            server=exchange.final,
            measures=measure(exchange, events),
            faults=faults(exchange, events),
            audio=saved,
        )
        self.lines.append(line)
        self._loggers.line(line)
        return line

    @property
    def _spoken(self) -> list[Request]:
        return [line for line in self.lines if line.phase != "cold"]

    @property
    def measured(self) -> list[Request]:
        return [line for line in self.lines if line.phase == "measured"]


def write_wav(path: Path, pcm: np.ndarray, sample_rate: int) -> None:
    """int16 mono. Raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"folder '{path.parent}' cannot be made ({error.strerror}); choose another --out"
        ) from error
    with WavWriter(path, sample_rate) as file:
        file.write(pcm)


def read_wav(path: Path) -> np.ndarray:
    """int16 samples of a file that `write_wav` wrote."""
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
