import wave
from pathlib import Path

import numpy as np
import pytest

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.audio.wav import WavWriter
from tensorrt_tts.errors import OutputError

PCM = np.arange(-50, 50, dtype=np.int16)


def read(path: Path) -> tuple[int, np.ndarray]:
    with wave.open(str(path)) as file:
        return file.getframerate(), np.frombuffer(file.readframes(10**6), "<i2")


def test_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with WavWriter(path, 24000) as writer:
        writer.write(PCM[:30])
        writer.write(PCM[30:])
        assert not path.exists()
    rate, samples = read(path)
    assert rate == 24000
    np.testing.assert_array_equal(samples, PCM)


def fill(path: Path, chunks: int, error: Exception | None = None) -> None:
    with WavWriter(path, 24000) as writer:
        for _ in range(chunks):
            writer.write(np.zeros(1000, np.int16))
        if error is not None:
            raise error


def test_a_failure_leaves_nothing_and_touches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"older")
    with pytest.raises(KeyError):
        fill(path, 3, KeyError("generation failed"))
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]
    assert path.read_bytes() == b"older"


def test_a_full_disk(tmp_path: Path) -> None:
    """A file size limit fails writes as a full disk does, with another errno."""
    import resource
    import signal

    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(OutputError, match="cannot write"):
            fill(tmp_path / "a.wav", 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    assert not list(tmp_path.iterdir())


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"no folder .*; create it or choose another"):
        WavWriter(tmp_path / "none" / "a.wav", 24000)


def test_a_device_is_not_replaced() -> None:
    with pytest.raises(OutputError, match="not a regular file"):
        WavWriter(Path("/dev/null"), 24000)


def test_int16_is_rounded_and_clipped() -> None:
    samples = np.array([0, 0.5 / 32767, 1.6 / 32767, 1, 2, -1, -2], np.float32)
    assert to_int16(samples).tolist() == [0, 0, 2, 32767, 32767, -32767, -32767]
