"""A recording to be cloned: what it becomes, and what is refused."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import wave
from pathlib import Path

import av
import numpy as np
import pytest
import soxr

from tensorrt_tts.audio import reference
from tensorrt_tts.audio.reference import normalised, read_reference
from tensorrt_tts.errors import InputError, MissingDependencyError
from tests.support.tiny_encoder import humming, write_wav


def stored(samples: np.ndarray) -> np.ndarray:
    """After 16 bits."""
    return np.rint(32767 * samples) / 32768


def test_a_recording_at_the_rate_is_its_first_channel_as_loud_as_others(tmp_path: Path) -> None:
    left, right = humming(2), humming(2, pitch=300)
    path = write_wav(tmp_path / "a.wav", left, right)
    found = read_reference(path)
    np.testing.assert_allclose(found.samples, normalised(stored(left)), atol=1e-12)
    assert found.samples.dtype == np.float64
    assert (found.seconds, len(found.samples)) == (2, 32_000)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.notices == (f"reference '{path}' has 2 channels; the first one is heard",)
    assert read_reference(write_wav(tmp_path / "b.wav", left)).notices == ()


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_another_rate_is_resampled_before_the_loudness_is_measured(
    tmp_path: Path, rate: int
) -> None:
    sound = humming(2, rate)
    found = read_reference(write_wav(tmp_path / "a.wav", sound, rate=rate))
    theirs = normalised(soxr.resample(stored(sound), rate, 16_000, quality="VHQ"))
    np.testing.assert_allclose(found.samples, theirs, atol=1e-9)
    assert ("nothing above 4000 Hz" in "".join(found.notices)) == (rate == 8_000)


@pytest.mark.parametrize(("name", "codec"), [("a.flac", "flac"), ("a.mp3", "libmp3lame")])
def test_other_formats(tmp_path: Path, name: str, codec: str) -> None:
    sound = np.rint(32767 * humming(2)).astype(np.int16)
    with av.open(str(tmp_path / name), "w") as container:
        stream = container.add_stream(codec, rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(sound[None], format="s16", layout="mono")
        frame.rate = 16_000
        resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=16_000)
        for part in [*resampler.resample(frame), None]:
            container.mux(stream.encode(part))
    found = read_reference(tmp_path / name).samples
    theirs = normalised(sound / 32768)
    if codec == "flac":
        np.testing.assert_allclose(found, theirs, atol=1e-12)
    else:
        assert abs(len(found) - len(theirs)) < 3 * 1152
        assert np.std(found) == pytest.approx(np.std(theirs), rel=0.1)


@pytest.mark.parametrize("gain", [0.004, 0.02, 0.3, 1.0, 3.0])
def test_how_loud_it_becomes(gain: float) -> None:
    """The released pipeline's rule, written down again."""
    given = gain * humming(3)
    theirs = given * (0.1 / np.abs(given).max()) if np.abs(given).max() < 0.1 else given
    sounding = sorted(abs(x) for x in given if abs(x) > 0.01)
    if len(sounding) > 10:
        loud = sounding[int(0.9 * len(sounding)) : int(0.99 * len(sounding))]
        theirs = theirs * min(10.0, max(0.1, 0.2 / (sum(loud) / len(loud))))
        theirs = theirs / max(1.0, np.abs(theirs).max())
    np.testing.assert_allclose(normalised(given), theirs, atol=1e-12)
    assert np.abs(normalised(given)).max() <= 1


def test_what_stays_as_it_is_and_what_does_not() -> None:
    loud = humming(3)
    assert np.abs(normalised(loud) - normalised(0.5 * loud)).max() < 1e-2
    assert np.abs(normalised(4e-3 * loud)).max() == pytest.approx(0.1)
    click = np.zeros(16_000)
    click[100:105] = 1.0  # too few that sound to say how loud it is
    np.testing.assert_array_equal(normalised(click), click)


def test_the_rest_of_a_long_one_is_not_heard(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", humming(32))
    found = read_reference(path)
    assert found.seconds == 30
    assert found.notices == (
        f"reference '{path}' is longer than 30 s; the rest of it is not heard",
    )
    with pytest.raises(InputError, match=r"longer than 30 s, and cutting .* transcript; cut both"):
        read_reference(path, whole=True)
    just = write_wav(tmp_path / "b.wav", humming(30))
    assert read_reference(just, whole=True).seconds == 30


def clipped(level: float) -> np.ndarray:
    return np.clip(level * humming(2), -1, 1)


NAN = humming(2)
NAN[70] = np.nan


@pytest.mark.parametrize(
    ("samples", "rate", "says"),
    [
        (humming(0.98), 16_000, "lasts 0.98 s; give at least 1 s of one person's speech"),
        (humming(0.5, 48_000), 48_000, "lasts 0.50 s; give at least 1 s"),
        (np.zeros(0), 16_000, "lasts 0.00 s|is no audio that can be read"),
        (humming(2, 7_999), 7_999, "has 7999 Hz; give one of 8000 Hz or more"),
        (np.zeros(32_000), 16_000, "is silent but for 0.00 s of 2.00 s; give at least 0.5 s"),
        (1e-5 * humming(2), 16_000, "is silent but for 0.00 s of 2.00 s"),
        (
            np.concatenate([humming(0.4), np.zeros(32_000)]),
            16_000,
            r"is silent but for 0.(38|40) s of 2.40 s; give at least 0.5 s of speech",
        ),
        (clipped(20), 16_000, r"is clipped: \d\d.\d% of its samples .*0.5% may; record it again"),
        (clipped(5), 16_000, "is clipped: .*at a lower level"),
    ],
)
def test_what_is_refused(tmp_path: Path, samples: np.ndarray, rate: int, says: str) -> None:
    path = write_wav(tmp_path / "a.wav", samples, rate=rate)
    with pytest.raises(InputError, match=rf"^reference '.*a.wav' ({says})"):
        read_reference(path)


def test_a_channel_that_is_silent(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", np.zeros(32_000), humming(2))
    with pytest.raises(
        InputError, match=r"is silent in the first of its 2 channels but for 0.00 s"
    ):
        read_reference(path)


def test_a_few_samples_at_full_scale_are_not_clipping(tmp_path: Path) -> None:
    sound = humming(2)
    sound[1000:1050] = 1.0
    sound[2000::7] = np.sign(sound[2000::7])  # alone, not in a row
    read_reference(write_wav(tmp_path / "a.wav", sound))


def test_samples_that_are_no_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_f32le", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(NAN[None].astype(np.float32), "flt", "mono")
        frame.rate = 16_000
        container.mux(stream.encode(frame))
    with pytest.raises(InputError, match=r"has samples that are no numbers; export it again"):
        read_reference(path)


@pytest.mark.parametrize(
    "content", [b"", b"not audio at all" * 99, b"RIFF\x00\x00\x00\x00WAVEfmt "]
)
def test_what_is_no_audio(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a.wav' is no audio that can be read \(.*; give WAV"):
        read_reference(path)


def test_a_picture_has_no_sound(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="image2pipe") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "rgb24"
        picture = np.zeros((16, 16, 3), np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    with pytest.raises(InputError, match=r"a.png' is no audio that can be read"):
        read_reference(tmp_path / "a.png")


def test_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        InputError, match=r"none.wav' cannot be read: No such file.*; give an audio"
    ):
        read_reference(tmp_path / "none.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    for path in (tmp_path, tmp_path / "pipe.wav", Path("/dev/zero")):
        with pytest.raises(InputError, match=rf"'{path}' is no regular file; give an audio file"):
            read_reference(path)
    path = write_wav(tmp_path / "a.wav", humming(2))
    monkeypatch.setattr(reference, "MOST_BYTES", 1000)
    with pytest.raises(InputError, match=r"has 64044 bytes, more than the 1000 that are read; cut"):
        read_reference(path)


def test_without_soxr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soxr", None)
    assert read_reference(write_wav(tmp_path / "a.wav", humming(2))).seconds == 2
    path = write_wav(tmp_path / "b.wav", humming(2, 22_050), rate=22_050)
    with pytest.raises(MissingDependencyError, match=r"22050 Hz needs soxr: pip install soxr, or"):
        read_reference(path)


def test_what_is_written_here_is_a_wav(tmp_path: Path) -> None:
    with wave.open(str(write_wav(tmp_path / "a.wav", humming(1)))) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (1, 16_000, 16_000)
