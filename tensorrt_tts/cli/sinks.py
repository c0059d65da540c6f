"""Where spoken audio goes: a WAV file, raw PCM on stdout, or the sound device."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

from tensorrt_tts.audio.wav import WavWriter
from tensorrt_tts.errors import MissingDependencyError, OutputError


class Sink(Protocol):
    def write(self, pcm: np.ndarray) -> None:
        """int16 mono, in order."""
        ...


class RawSink:
    """Little-endian int16 on stdout, flushed with every chunk."""

    def write(self, pcm: np.ndarray) -> None:
        try:
            sys.stdout.buffer.write(pcm.astype("<i2").tobytes())
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(
                f"cannot write to stdout: {error.strerror}; free some space or write elsewhere"
            ) from error


@contextmanager
def sound_device(sample_rate: int) -> Iterator[Sink]:
    """Plays while speaking. Raises MissingDependencyError or OutputError."""
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: the package is there, PortAudio is not
        raise MissingDependencyError(
            "playing needs the sounddevice package and PortAudio: install the 'play' extra and "
            "libportaudio2, or use --output FILE"
        ) from error
    try:
        stream = sounddevice.OutputStream(samplerate=sample_rate, channels=1, dtype="int16")
        with stream:
            yield stream
    except sounddevice.PortAudioError as error:
        raise OutputError(f"no usable sound device ({error}); use --output FILE") from error


@contextmanager
def open_sink(output: Path | None, raw: bool, play: bool, sample_rate: int) -> Iterator[Sink]:
    if raw:
        yield RawSink()
    elif play:
        with sound_device(sample_rate) as device:
            yield device
    else:
        assert output is not None
        with WavWriter(output, sample_rate) as writer:
            yield writer
