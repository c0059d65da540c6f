"""What the caller of a remote job writes and prints."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tensorrt_tts.errors import OutputError
from tensorrt_tts.jobs.local import save_stream, save_wav

TIMING = {"audio_s": 3.0, "total_s": 2.0, "speed": 1.5, "tokens_per_s": 123.4, "phases": {}}


def test_save_wav(tmp_path: Path) -> None:
    line = save_wav(b"RIFF", TIMING, tmp_path / "a.wav")
    assert (tmp_path / "a.wav").read_bytes() == b"RIFF"
    assert line.endswith("a.wav: 3.00 s of audio in 2.00 s (1.50x real time), 123.4 tok/s")
    lines = save_wav(b"", TIMING | {"phases": {"generate": 1.25}}, tmp_path / "a.wav")
    assert lines.splitlines()[1] == "  generate: 1.25 s"
    with pytest.raises(OutputError, match="--output"):
        save_wav(b"", TIMING, tmp_path / "none" / "a.wav")


def test_save_stream(tmp_path: Path) -> None:
    chunks = [np.arange(12000, dtype="<i2").tobytes()] * 4
    times = iter([10.0, 10.25, 12.0])
    line = save_stream(chunks, tmp_path / "a.wav", clock=lambda: next(times))
    assert line.endswith(
        "first audio after 250 ms, 2.00 s of audio in 2.00 s (1.00x real time), 4 chunks"
    )
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.readframes(48000) == b"".join(chunks)


def test_a_stream_that_breaks_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"\0\0"
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        save_stream(broken(), tmp_path / "a.wav")
    assert list(tmp_path.iterdir()) == []
    assert save_stream([], tmp_path / "b.wav").endswith("no audio came")
