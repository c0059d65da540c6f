"""The caller's side of a remote job: save what comes back, and say how it went."""

from __future__ import annotations

import io
import itertools
import time
import wave
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tensorrt_tts.audio.audio_file import audio_writer, check_audio_path
from tensorrt_tts.loading import known_spec
from tensorrt_tts.text.normalize import check_text


def output_path(given: str) -> Path:
    """Checked before anything is rented. Raises as `audio_writer`."""
    path = Path(given)
    check_audio_path(path)
    return path


def check_request(text: str, voice: str, model: str = "orpheus-3b") -> None:
    """The same. Raises TextError, and UnknownVoiceError for a known model; others say who speaks
    when they are loaded."""
    check_text(text)
    spec = known_spec(model)
    if spec is not None:
        spec.voice(voice or None)


def save_wav(wav: bytes, timing: dict[str, Any], path: Path) -> str:
    """Write a WAV file that came whole, in the format that the path's ending says; returns lines
    for the terminal. Raises as `audio_writer`."""
    with wave.open(io.BytesIO(wav)) as file, audio_writer(path, file.getframerate()) as output:
        output.write(np.frombuffer(file.readframes(file.getnframes()), "<i2"))
    lines = [
        f"{path}: {timing['audio_s']:.2f} s of audio in {timing['total_s']:.2f} s "
        f"({timing['speed']:.2f}x real time), {timing['tokens_per_s']:.1f} tok/s"
    ]
    lines += [f"  {name}: {seconds:.2f} s" for name, seconds in timing["phases"].items()]
    return "\n".join(lines)


def save_stream(
    chunks: Iterable[tuple[int, bytes]],
    path: Path,
    clock: Callable[[], float] = time.perf_counter,
) -> str:
    """Write chunks, each its sample rate and PCM, as they arrive; returns a line with the first
    audio's time, as this caller saw it, network included. Raises as `audio_writer`."""
    began, samples, count = clock(), 0, 0
    stream = iter(chunks)
    head = next(stream, None)
    if head is None:
        return f"{path}: no audio came"
    first, sample_rate = clock() - began, head[0]
    with audio_writer(path, sample_rate) as file:
        for _, chunk in itertools.chain([head], stream):
            pcm = np.frombuffer(chunk, "<i2")
            file.write(pcm)
            samples += len(pcm)
            count += 1
    total = clock() - began
    audio = samples / sample_rate
    return (
        f"{path}: first audio after {1000 * first:.0f} ms, {audio:.2f} s of audio in {total:.2f} s "
        f"({audio / total:.2f}x real time), {count} chunks"
    )
