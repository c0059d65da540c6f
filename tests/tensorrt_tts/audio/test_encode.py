import sys
from itertools import pairwise

import numpy as np
import pytest

from tensorrt_tts.audio import encode as module
from tensorrt_tts.audio.encode import ENCODINGS, AudioEncoder
from tensorrt_tts.errors import MissingDependencyError, SettingError
from tests.support.audio_files import decoded

RATE = 24000
TONE = np.rint(8000 * np.sin(2 * np.pi * 440 * np.arange(RATE + 777) / RATE)).astype(np.int16)
STREAMED = [name for name, encoding in ENCODINGS.items() if not encoding.rewinds]


def encode(pcm: list[np.ndarray], name: str, rate: int = RATE) -> bytes:
    encoder = AudioEncoder(ENCODINGS[name], rate)
    return b"".join([encoder.start(), *(encoder.push(part) for part in pcm), encoder.finish()])


def correlation(found: np.ndarray, tone: np.ndarray, delay: int) -> float:
    """Of what was decoded, `delay` samples in, with what was encoded; the edges left out."""
    count = len(tone) - 4000
    return float(np.corrcoef(found[delay + 2000 :][:count], tone[2000:][:count])[0, 1])


@pytest.mark.parametrize(
    ("name", "container", "codec", "delay", "longer"),
    [
        ("wav", "wav", "pcm_s16le", 0, 0),
        ("flac", "flac", "flac", 0, 0),
        ("opus", "ogg", "opus", 0, 0),
        ("mp3", "mp3", "mp3", 1105, 2 * 1105),
        ("aac", "aac", "aac", 1024, 2 * 1024),
    ],
)
def test_chunks_of_any_size_become_one_stream(
    name: str, container: str, codec: str, delay: int, longer: int
) -> None:
    encoder = AudioEncoder(ENCODINGS[name], RATE)
    parts = [encoder.start()]
    cuts = [0, 1, 2, 1000, 1000, 3048, 15000, len(TONE)]
    parts += [encoder.push(TONE[a:b]) for a, b in pairwise(cuts)]
    parts.append(encoder.finish())
    found, kind, rate, samples = decoded(b"".join(parts))
    samples = samples[:: rate // RATE]
    assert (found, kind) == (container, codec)
    assert len(TONE) <= len(samples) <= len(TONE) + longer
    if ENCODINGS[name].bit_rate is None:
        np.testing.assert_array_equal(samples, TONE)
    else:
        assert correlation(samples, TONE, delay) > 0.98


@pytest.mark.parametrize("name", STREAMED)
def test_audio_comes_while_it_is_pushed(name: str) -> None:
    """Not at the end: of two seconds in, at least the first has come out."""
    encoder = AudioEncoder(ENCODINGS[name], RATE)
    head = encoder.start()
    body = b"".join(encoder.push(TONE[:480]) for _ in range(100))
    tail = encoder.finish()
    assert len(body) > len(tail)
    assert len(head) < 1000


@pytest.mark.parametrize("name", ["pcm", "wav", "mp3"])
def test_pcm_alone_needs_no_ffmpeg(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was a tenth of what a stream cost the server."""
    monkeypatch.setitem(sys.modules, "av", None)
    if name == "pcm":
        encoder = AudioEncoder(ENCODINGS[name], RATE)
        parts = [encoder.start(), encoder.push(TONE[:0]), encoder.push(TONE), encoder.finish()]
        assert parts == [b"", b"", TONE.astype("<i2").tobytes(), b""]
        big = TONE.astype(">i2")
        assert AudioEncoder(ENCODINGS[name], RATE).push(big) == TONE.astype("<i2").tobytes()
    else:
        with pytest.raises(MissingDependencyError, match="needs PyAV"):
            AudioEncoder(ENCODINGS[name], RATE)


def test_pcm_is_the_samples_alone() -> None:
    assert encode([TONE[:9], TONE[9:]], "pcm") == TONE.astype("<i2").tobytes()


@pytest.mark.parametrize("name", STREAMED)
def test_nothing_said_is_still_a_whole_stream(name: str) -> None:
    content = encode([TONE[:0]], name)
    if name in ("wav", "flac"):
        assert decoded(content)[3].size == 0


@pytest.mark.parametrize(
    ("name", "rate", "written"),
    [
        ("opus", 24000, 24000),
        ("opus", 22050, 24000),
        ("opus", 32000, 48000),
        ("opus", 44100, 48000),
        ("opus", 96000, 48000),
        ("mp3", 96000, 48000),
        ("aac", 16000, 16000),
        ("flac", 44100, 44100),
        ("wav", 11111, 11111),
    ],
)
def test_the_rate_that_is_written(name: str, rate: int, written: int) -> None:
    assert ENCODINGS[name].rate(rate) == written


def test_other_rates_are_resampled() -> None:
    tone = np.rint(8000 * np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)).astype(np.int16)
    _, _, rate, samples = decoded(encode([tone], "opus", 44100))
    assert rate == 48000
    assert abs(len(samples) - 48000) <= 2
    crossings = np.count_nonzero(np.diff(np.signbit(samples[2000:-2000].astype(int))))
    assert abs(crossings / (len(samples) - 4000) * rate / 2 - 440) < 2


def test_content_types() -> None:
    assert AudioEncoder(ENCODINGS["mp3"], RATE).content_type == "audio/mpeg"
    assert AudioEncoder(ENCODINGS["opus"], RATE).content_type == "audio/ogg"


def test_what_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match="'m4a' needs a file and cannot be streamed; use one of"):
        AudioEncoder(ENCODINGS["m4a"], RATE)
    odd = module.Encoding("mp3", "audio/mpeg", "mp3", "no_such_codec")
    with pytest.raises(MissingDependencyError, match=r"its FFmpeg has no no_such_codec"):
        AudioEncoder(odd, RATE)
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(MissingDependencyError, match="writing mp3 needs PyAV: pip install av"):
        AudioEncoder(ENCODINGS["mp3"], RATE)
