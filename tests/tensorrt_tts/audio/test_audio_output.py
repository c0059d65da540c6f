import io
from itertools import pairwise

import numpy as np
import pytest

from tensorrt_tts.audio.audio_output import AudioOutput
from tensorrt_tts.audio.audio_source import AudioSource
from tensorrt_tts.audio.encode import ENCODINGS
from tests.support.audio_files import decoded
from tests.support.tones import RATE, loudest, tone

CHUNK = 1536
"""Samples of a first chunk of ours: three steps of 512."""

STREAMED = [name for name, encoding in ENCODINGS.items() if not encoding.rewinds]
LOSSLESS = ("wav", "flac", "pcm")
SOURCE = AudioSource(RATE)
TONE = tone(440, 2 * RATE + 300)


def bodied(output: AudioOutput, pcm: np.ndarray) -> bytes:
    parts = [output.push(pcm[a:b]) for a, b in pairwise([*range(0, len(pcm), CHUNK), len(pcm)])]
    return b"".join([*parts, output.finish()])


def samples(name: str, body: bytes) -> tuple[int, np.ndarray]:
    """(Hz, int16), whatever the format; the headerless ones are read by their own rules."""
    if name == "pcm":
        return RATE, np.frombuffer(body, "<i2").astype(np.int16)
    if name in ("mulaw", "alaw"):
        return 8000, (mulaw if name == "mulaw" else alaw)(np.frombuffer(body, np.uint8))
    _, _, rate, found = decoded(body)
    return rate, found


def mulaw(code: np.ndarray) -> np.ndarray:
    """G.711, by the table's rule."""
    code = ~code
    exponent, mantissa = (code >> 4) & 7, (code & 15).astype(np.int32)
    size = ((2 * mantissa + 33) << exponent.astype(np.int32)) - 33
    return np.where(code & 128, -4 * size, 4 * size).astype(np.int16)


def alaw(code: np.ndarray) -> np.ndarray:
    code = code ^ 0x55
    exponent, mantissa = ((code >> 4) & 7).astype(np.int32), (code & 15).astype(np.int32)
    size = np.where(
        exponent == 0, 2 * mantissa + 1, (2 * mantissa + 33) << np.maximum(0, exponent - 1)
    )
    return np.where(code & 128, 8 * size, -8 * size).astype(np.int16)


@pytest.mark.parametrize("name", STREAMED)
def test_every_format_sounds_as_it_did(name: str) -> None:
    output = AudioOutput(ENCODINGS[name], SOURCE)
    rate, found = samples(name, bodied(output, TONE))
    assert output.content_type == ENCODINGS[name].content_type
    if name in LOSSLESS:
        assert rate == output.rate == RATE
        np.testing.assert_array_equal(found, TONE)
    else:
        assert len(found) / rate == pytest.approx(len(TONE) / RATE, abs=0.1)
        assert loudest(found, rate) == pytest.approx(440, abs=2)
        assert np.abs(found[rate // 2 : rate]).max() == pytest.approx(8000, rel=0.1)


@pytest.mark.parametrize("name", STREAMED)
@pytest.mark.parametrize("speed", [0.5, 1.7])
def test_every_format_at_another_speed(name: str, speed: float) -> None:
    rate, found = samples(name, bodied(AudioOutput(ENCODINGS[name], SOURCE, speed=speed), TONE))
    assert len(found) / rate == pytest.approx(len(TONE) / RATE / speed, abs=0.15)
    assert loudest(found, rate) == pytest.approx(440, rel=0.012)


@pytest.mark.parametrize(
    ("name", "rate"),
    [("wav", 8000), ("flac", 16000), ("mp3", 44100), ("opus", 48000), ("aac", 16000)],
)
def test_another_rate(name: str, rate: int) -> None:
    output = AudioOutput(ENCODINGS[name], SOURCE, rate)
    found_rate, found = samples(name, bodied(output, TONE))
    assert rate == output.rate == found_rate
    assert len(found) / rate == pytest.approx(len(TONE) / RATE, abs=0.15)
    assert loudest(found, rate) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("name", "chunks"),
    [
        *(("wav", 1), ("pcm", 1), ("flac", 1), ("opus", 1)),
        # These have to look ahead: the codec before a frame, or the resampling before a sample.
        *(("mp3", 2), ("aac", 2), ("mulaw", 2), ("alaw", 2)),
    ],
)
def test_audio_is_out_after_so_many_chunks(name: str, chunks: int) -> None:
    """Of 64 ms; the header alone is none."""
    output = AudioOutput(ENCODINGS[name], SOURCE)
    output.push(TONE[:0])
    out = [len(output.push(TONE[CHUNK * at :][:CHUNK])) > 0 for at in range(chunks)]
    assert out == [False] * (chunks - 1) + [True]


def test_a_header_that_clients_skip_has_44_bytes() -> None:
    """Some read on after 44 bytes, whatever the header says."""
    header = AudioOutput(ENCODINGS["wav"], SOURCE).push(TONE[:0])
    assert (len(header), header[:4], header[36:40]) == (44, b"RIFF", b"data")
    assert int.from_bytes(header[24:28], "little") == RATE


@pytest.mark.parametrize("name", ["wav", "mp3", "opus"])
def test_another_library_reads_it_too(name: str) -> None:
    """But for FLAC: libsndfile wants to know its length, which no stream does."""
    soundfile = pytest.importorskip("soundfile")
    body = bodied(AudioOutput(ENCODINGS[name], SOURCE), TONE)
    found, rate = soundfile.read(io.BytesIO(body), dtype="int16")
    assert rate == RATE
    if name in LOSSLESS:
        np.testing.assert_array_equal(found, TONE)
    else:
        assert len(found) / rate == pytest.approx(len(TONE) / RATE, abs=0.1)
        assert loudest(found, rate) == pytest.approx(440, abs=2)
