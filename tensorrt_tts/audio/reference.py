"""A recording of somebody who is to be cloned: read, checked, at the rate and loudness that the
codec was trained with.

What was chosen here and is nobody's measurement: the lengths, how much of it has to sound, and how
much may be clipped.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tensorrt_tts.audio.encode import import_av
from tensorrt_tts.errors import InputError, needs, reason

RATE = 16_000
"""Hz, of BiCodec and of wav2vec 2.0."""

LEAST_S = 1.0
"""A shorter recording would be repeated more than six times to fill what the codec hears of it."""

MOST_S = 30.0
"""With a transcript every prompt holds 50 tokens of each second, so 1500 of thirty. Without one,
six seconds are heard, and of the rest only how loud it is."""

LEAST_RATE = 8_000
"""Hz. Less is no speech that anybody records."""

QUIET = 0.01
"""Of full scale, at a loudness that was raised already: what is below counts as silence, as it does
where the loudness is measured."""

LEAST_SOUND_S = 0.5
MOST_CLIPPED = 0.005
"""Part of the samples that may stand at full scale, three or more in a row."""

MOST_BYTES = 256 * 2**20

FRAMES_A_SECOND = 50
"""Of those that sound or do not."""


@dataclass(frozen=True, slots=True)
class ReferenceAudio:
    """samples: float64 (samples,) at `RATE`, its loudness normalised. sha256: of the file's bytes.
    notices: what was left out or may be heard, each a line for whoever gave the file."""

    path: Path
    samples: np.ndarray
    sha256: str
    notices: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE


def read_reference(path: Path, whole: bool = False) -> ReferenceAudio:
    """whole: nothing of it may be left out, because a transcript says what is in it.

    Raises InputError for what cannot be read, is too short or, whole, too long; for silence and
    clipping; MissingDependencyError without PyAV, or without soxr for another rate than `RATE`.
    """
    content = _content(path)
    heard, rate, channels = _decoded(path, content, whole)
    notices = []
    if channels > 1:
        notices.append(f"reference '{path}' has {channels} channels; the first one is heard")
    if len(heard) > MOST_S * rate:
        heard = heard[: int(MOST_S * rate)]
        notices.append(
            f"reference '{path}' is longer than {MOST_S:g} s; the rest of it is not heard"
        )
    _check(path, heard, rate)
    if rate < RATE:
        notices.append(
            f"reference '{path}' has {rate} Hz, so nothing above {rate // 2} Hz of the voice is in "
            "it; record it at 16000 Hz or more"
        )
    samples = normalised(_resampled(heard, rate))
    _check_sound(path, samples, channels)
    return ReferenceAudio(path, samples, hashlib.sha256(content).hexdigest(), tuple(notices))


def normalised(samples: np.ndarray) -> np.ndarray:
    """float64 (samples,), as loud as the official pipeline makes them (Spark-TTS,
    sparktts/utils/audio.py): the mean of the loudest tenth but for the loudest hundredth, of those
    samples that sound at all, becomes 0.2; gained by 10 at most, and by no more than leaves the
    peak at full scale."""
    loudness = np.sort(np.abs(samples))
    peak = loudness[-1]
    if peak < 0.1:
        samples = samples * (0.1 / max(peak, 1e-3))
    sounding = loudness[loudness > QUIET]
    count = len(sounding)
    if count <= 10:
        return samples
    loud = sounding[int(0.9 * count) : int(0.99 * count)].mean()
    samples = samples * np.clip(0.2 / loud, 0.1, 10)
    return samples / max(1.0, float(np.abs(samples).max()))


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise InputError(f"reference '{path}' is no regular file; give an audio file")
        if size > MOST_BYTES:
            raise InputError(
                f"reference '{path}' has {size} bytes, more than the {MOST_BYTES} that are read; "
                f"cut it to {MOST_S:g} s"
            )
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"reference '{path}' cannot be read: {error.strerror or reason(error)}; give an audio "
            "file such as WAV, FLAC or MP3"
        ) from error


def _decoded(path: Path, content: bytes, whole: bool) -> tuple[np.ndarray, int, int]:
    """The first channel, float64, its rate, and how many channels there are. No more is decoded
    than is needed to know that it is too long."""
    import io

    av = import_av("reading a reference", "make a voice file elsewhere")
    parts: list[np.ndarray] = []
    count = 0
    try:
        with av.open(io.BytesIO(content)) as container:
            stream = container.streams.audio[0]
            rate, channels = int(stream.rate), int(stream.channels)
            resampler = av.AudioResampler(format="dblp")
            for frame in container.decode(stream):
                for done in resampler.resample(frame):
                    parts.append(done.to_ndarray()[0])
                    count += done.samples
                if count > MOST_S * rate:
                    break
    except (av.FFmpegError, OSError, IndexError, ValueError) as error:
        raise InputError(
            f"reference '{path}' is no audio that can be read ({reason(error)}); give WAV, FLAC, "
            "MP3 or the like"
        ) from error
    if whole and count > MOST_S * rate:
        raise InputError(
            f"reference '{path}' is longer than {MOST_S:g} s, and cutting it would part it from "
            "its transcript; cut both"
        )
    return np.concatenate([np.zeros(0), *parts]), rate, channels


def _check(path: Path, heard: np.ndarray, rate: int) -> None:
    """What can be wrong with it at its own rate."""
    if rate < LEAST_RATE:
        raise InputError(
            f"reference '{path}' has {rate} Hz; give one of {LEAST_RATE} Hz or more, better of "
            f"{RATE}"
        )
    seconds = len(heard) / rate
    if seconds < LEAST_S:
        raise InputError(
            f"reference '{path}' lasts {seconds:.2f} s; give at least {LEAST_S:g} s of one "
            "person's speech, better six"
        )
    if not np.isfinite(heard).all():
        raise InputError(f"reference '{path}' has samples that are no numbers; export it again")
    clipped = _clipped(heard)
    if clipped > MOST_CLIPPED:
        raise InputError(
            f"reference '{path}' is clipped: {clipped:.1%} of its samples stand at full scale, and "
            f"{MOST_CLIPPED:.1%} may; record it again at a lower level"
        )


def _check_sound(path: Path, samples: np.ndarray, channels: int) -> None:
    length = RATE // FRAMES_A_SECOND
    frames = np.abs(samples[: len(samples) // length * length]).reshape(-1, length)
    sounding = int((frames.max(1) > QUIET).sum()) / FRAMES_A_SECOND
    if sounding < LEAST_SOUND_S:
        where = f" in the first of its {channels} channels" if channels > 1 else ""
        raise InputError(
            f"reference '{path}' is silent{where} but for {sounding:.2f} s of "
            f"{len(samples) / RATE:.2f} s; give at least {LEAST_SOUND_S:g} s of speech"
        )


def _clipped(samples: np.ndarray) -> float:
    """The part of them that stands at full scale, three or more in a row."""
    full = np.abs(samples) >= 0.999
    inside = full[:-2] & full[1:-1] & full[2:]
    stand = np.zeros(len(samples), bool)
    for shift in range(3):
        stand[shift : shift + len(inside)] |= inside
    return float(stand.mean())


def _resampled(samples: np.ndarray, rate: int) -> np.ndarray:
    if rate == RATE:
        return samples
    with needs(f"a reference of {rate} Hz needs soxr: pip install soxr, or give one of {RATE} Hz"):
        import soxr
    resampled: np.ndarray = soxr.resample(samples, rate, RATE, quality="VHQ")
    return resampled
