"""What the caller of a remote job writes and prints."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from deploy.jobs.local import output_path, save_stream, save_wav
from deploy.jobs.speaker import wav_bytes
from tensorrt_tts.errors import OutputError
from tests.support.audio_files import decoded

TIMING = {"audio_s": 3.0, "total_s": 2.0, "speed": 1.5, "tokens_per_s": 123.4, "phases": {}}


def test_save_wav(tmp_path: Path) -> None:
    wav = wav_bytes(np.arange(-500, 500, dtype=np.int16), 24000)
    line = save_wav(wav, TIMING, tmp_path / "a.wav")
    assert (tmp_path / "a.wav").read_bytes() == wav
    assert line.endswith("a.wav: 3.00 s of audio in 2.00 s (1.50x real time), 123.4 tok/s")
    lines = save_wav(wav, TIMING | {"phases": {"generate": 1.25}}, tmp_path / "a.wav")
    assert lines.splitlines()[1] == "  generate: 1.25 s"
    with pytest.raises(OutputError, match="--output"):
        save_wav(wav, TIMING, tmp_path / "none" / "a.wav")


def test_what_is_saved_is_what_the_name_says(tmp_path: Path) -> None:
    pcm = np.arange(-500, 500, dtype=np.int16)
    for name, save in (
        ("whole.flac", lambda path: save_wav(wav_bytes(pcm, 24000), TIMING, path)),
        ("stream.flac", lambda path: save_stream([(24000, pcm.tobytes())], path)),
    ):
        save(tmp_path / name)
        container, codec, rate, samples = decoded(tmp_path / name)
        assert (container, codec, rate) == ("flac", "flac", 24000)
        np.testing.assert_array_equal(samples, pcm)


@pytest.mark.parametrize("name", ["speech", "speech.xyz", "none/speech.mp3"])
def test_an_output_is_refused_before_anything_is_rented(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match=r"use one of: \.wav|no folder"):
        output_path(str(tmp_path / name))
    assert output_path(str(tmp_path / "speech.MP3")).name == "speech.MP3"


def test_save_stream(tmp_path: Path) -> None:
    chunks = [(24000, np.arange(12000, dtype="<i2").tobytes())] * 4
    times = iter([10.0, 10.25, 12.0])
    line = save_stream(chunks, tmp_path / "a.wav", clock=lambda: next(times))
    assert line.endswith(
        "first audio after 250 ms, 2.00 s of audio in 2.00 s (1.00x real time), 4 chunks"
    )
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.readframes(48000) == b"".join(pcm for _, pcm in chunks)


@pytest.mark.parametrize("rate", [16000, 22050, 24000])
def test_a_stream_is_saved_at_its_own_rate(tmp_path: Path, rate: int) -> None:
    line = save_stream([(rate, bytes(2 * rate))] * 2, tmp_path / "a.wav")
    assert "2.00 s of audio" in line
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getframerate(), file.getnframes()) == (rate, 2 * rate)


def test_a_stream_that_breaks_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[int, bytes]]:
        yield 24000, b"\0\0"
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        save_stream(broken(), tmp_path / "a.wav")
    assert list(tmp_path.iterdir()) == []
    assert save_stream([], tmp_path / "b.wav").endswith("no audio came")
