"""The caller's side of a remote job: save what comes back, and say how it went."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tensorrt_tts.audio.wav import WavWriter
from tensorrt_tts.errors import OutputError

SAMPLE_RATE = 24000
"""Of every codec in the Orpheus family."""


def save_wav(wav: bytes, timing: dict[str, Any], path: Path) -> str:
    """Write a WAV file that came whole; returns lines for the terminal. Raises OutputError."""
    try:
        path.write_bytes(wav)
    except OSError as error:
        raise OutputError(
            f"cannot write '{path}': {error.strerror or error}; choose another --output"
        ) from error
    lines = [
        f"{path}: {timing['audio_s']:.2f} s of audio in {timing['total_s']:.2f} s "
        f"({timing['speed']:.2f}x real time), {timing['tokens_per_s']:.1f} tok/s"
    ]
    lines += [f"  {name}: {seconds:.2f} s" for name, seconds in timing["phases"].items()]
    return "\n".join(lines)


def save_stream(
    chunks: Iterable[bytes],
    path: Path,
    sample_rate: int = SAMPLE_RATE,
    clock: Callable[[], float] = time.perf_counter,
) -> str:
    """Write PCM chunks as they arrive; returns a line with the first audio's time, as this caller
    saw it, network included. Raises OutputError."""
    began, first, samples, count = clock(), None, 0, 0
    with WavWriter(path, sample_rate) as file:
        for chunk in chunks:
            if first is None:
                first = clock() - began
            pcm = np.frombuffer(chunk, "<i2")
            file.write(pcm)
            samples += len(pcm)
            count += 1
    total = clock() - began
    if first is None:
        return f"{path}: no audio came"
    audio = samples / sample_rate
    return (
        f"{path}: first audio after {1000 * first:.0f} ms, {audio:.2f} s of audio in {total:.2f} s "
        f"({audio / total:.2f}x real time), {count} chunks"
    )
