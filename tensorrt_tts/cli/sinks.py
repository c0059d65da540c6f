"""Where spoken audio goes: a file, raw PCM on stdout, or the sound device."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

import numpy as np

from tensorrt_tts.audio.audio_file import audio_writer
from tensorrt_tts.errors import MissingDependencyError, OutputError


class Sink(Protocol):
    def write(self, pcm: np.ndarray) -> None:
        """int16 mono, in order."""
        ...


class RawSink:
    """Little-endian int16 on stdout, past Python's buffer: a write that a reader holds up must not
    hold up the end of the process."""

    def __init__(self, stdout: TextIO | None) -> None:
        if stdout is None:
            raise OutputError("stdout is closed; redirect it, or use --output FILE")
        self._handle = stdout.fileno()

    def write(self, pcm: np.ndarray) -> None:
        left = memoryview(pcm.astype("<i2").tobytes())
        try:
            while left:
                left = left[os.write(self._handle, left) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(
                f"cannot write to stdout: {error.strerror}; free some space or write elsewhere"
            ) from error


async def write_aside(sink: Sink, pcm: np.ndarray) -> None:
    """Write without holding up the event loop, on a thread that nobody waits for when cancelled:
    a pool's threads are joined at exit, and a pipe that nobody reads would make that for ever."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def finish(error: Exception | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def write() -> None:
        failure = None
        try:
            sink.write(pcm)
        except Exception as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(finish, failure)

    threading.Thread(target=write, name="audio-out", daemon=True).start()
    await done


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
def open_sink(
    parsed: argparse.Namespace, stdout: TextIO | None, sample_rate: int
) -> Iterator[Sink]:
    """By --raw, which goes to stdout, --play or --output."""
    if parsed.raw:
        yield RawSink(stdout)
    elif parsed.play:
        with sound_device(sample_rate) as device:
            yield device
    else:
        with audio_writer(parsed.output, sample_rate) as writer:
            yield writer
