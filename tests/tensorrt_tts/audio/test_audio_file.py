import os
import resource
import signal
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from tensorrt_tts.audio.audio_file import ENDINGS, audio_writer, check_audio_path
from tensorrt_tts.errors import MissingDependencyError, OutputError
from tests.support.audio_files import decoded

RATE = 24000
TONE = np.rint(8000 * np.sin(2 * np.pi * 440 * np.arange(RATE + 777) / RATE)).astype(np.int16)
HELD = {
    ".wav": ("wav", "pcm_s16le"),
    ".flac": ("flac", "flac"),
    ".mp3": ("mp3", "mp3"),
    ".ogg": ("ogg", "opus"),
    ".opus": ("ogg", "opus"),
    ".m4a": ("mov,mp4,m4a,3gp,3g2,mj2", "aac"),
    ".aac": ("aac", "aac"),
}
LONGER = {"aac": 2 * 1024, "mp3": 1152}
"""Samples. AAC begins with a frame before the first; both end with a whole one."""


def write(path: Path, pcm: np.ndarray, chunk: int = 2048) -> None:
    with audio_writer(path, RATE) as writer:
        for start in range(0, len(pcm), chunk):
            writer.write(pcm[start : start + chunk])
            assert not path.exists()


@pytest.mark.parametrize(
    "name",
    [*(f"x{ending}" for ending in HELD), "X.MP3", "x.Flac", "x.wav.mp3", "x.mp3.wav", "ç.ogg"],
)
def test_a_name_holds_what_it_says(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write(path, TONE)
    container, codec, rate, samples = decoded(path)
    ending = path.suffix.lower()
    assert (container, codec) == HELD[ending]
    assert (path.read_bytes()[:4] == b"RIFF") == (ending == ".wav")
    samples = samples[:: rate // RATE]
    assert len(TONE) <= len(samples) <= len(TONE) + LONGER.get(codec, 0)
    if codec in ("pcm_s16le", "flac"):
        np.testing.assert_array_equal(samples, TONE)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["x.pcm", "x.RAW"])
def test_samples_without_a_header(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, TONE)
    assert (tmp_path / name).read_bytes() == TONE.astype("<i2").tobytes()


def test_other_readers_agree(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    for name in ("x.wav", "x.flac", "x.ogg"):
        write(tmp_path / name, TONE)
        samples, rate = soundfile.read(tmp_path / name, dtype="int16")
        assert len(samples) * RATE == len(TONE) * rate


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_without_any_sample(tmp_path: Path, ending: str) -> None:
    write(tmp_path / f"x{ending}", TONE[:0])
    assert (tmp_path / f"x{ending}").is_file()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "x.xyz",
            "'x.xyz' has the ending '.xyz', which says no audio format; use one of: .wav .fl",
        ),
        ("speech", "'speech' has no ending, which says no audio format; use one of: .wav .flac"),
        (".mp3", "has no ending"),
        ("x.mp3.txt", "has the ending '.txt'"),
        ("x.wav ", "has the ending '.wav '"),
        ("x.mp4", "has the ending '.mp4'"),
    ],
)
def test_endings_that_say_nothing(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(OutputError, match=says.replace(".", r"\.")):
        check_audio_path(tmp_path / name)
    with pytest.raises(OutputError):
        audio_writer(tmp_path / name, RATE)
    assert not list(tmp_path.iterdir())


def test_a_link_may_not_say_another_thing_than_its_target(tmp_path: Path) -> None:
    link = tmp_path / "x.mp3"
    link.symlink_to(tmp_path / "x.wav")
    with pytest.raises(OutputError, match="their endings say two things"):
        check_audio_path(link)
    (tmp_path / "y.opus").symlink_to(tmp_path / "y.ogg")
    check_audio_path(tmp_path / "y.opus")
    (tmp_path / "z.mp3").symlink_to(tmp_path / "blob")
    check_audio_path(tmp_path / "z.mp3")


def test_without_pyav_only_wav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    check_audio_path(tmp_path / "x.wav")
    write(tmp_path / "x.wav", TONE)
    with pytest.raises(MissingDependencyError, match="writing flac needs PyAV"):
        check_audio_path(tmp_path / "x.flac")
    with pytest.raises(MissingDependencyError):
        audio_writer(tmp_path / "x.flac", RATE)
    assert [path.name for path in tmp_path.iterdir()] == ["x.wav"]


def broken(path: Path) -> None:
    with audio_writer(path, RATE) as writer:
        for _ in range(20):
            writer.write(TONE)
        raise KeyError("generation failed")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_failure_leaves_nothing_and_touches_nothing(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    path.write_bytes(b"older")
    with pytest.raises(KeyError):
        broken(path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"older"


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("limit", [0, 20_000])
def test_a_full_disk(tmp_path: Path, ending: str, limit: int) -> None:
    """A file size limit fails writes as a full disk does, with another errno."""
    noise = np.random.default_rng(0).integers(-9000, 9000, 3 * RATE).astype(np.int16)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(OutputError, match="cannot write"):
            write(tmp_path / f"x{ending}", np.tile(noise, 3), 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_file_has_the_rights_of_any_other(tmp_path: Path, ending: str) -> None:
    (tmp_path / "other").touch()
    write(tmp_path / f"x{ending}", TONE)
    assert os.stat(tmp_path / f"x{ending}").st_mode == os.stat(tmp_path / "other").st_mode


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    write(tmp_path / "warm.mp3", TONE)
    tracemalloc.start()
    try:
        with audio_writer(tmp_path / "x.mp3", RATE) as writer:
            for _ in range(60):
                writer.write(TONE)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * TONE.nbytes
