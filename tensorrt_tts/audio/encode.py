"""PCM to WAV, FLAC, MP3, Ogg Opus, AAC and G.711, chunk by chunk, by FFmpeg's libraries in this
process.

Samples that come out again, against those that went in (measured with PyAV 18 at 24 kHz): equal to
the bit for wav, pcm and flac; equal in number for opus. AAC and MP3 work in whole frames: m4a and
aac have 1024 samples more at the start, mp3 none in a file, whose header says what to leave out,
and 1105 over a socket; up to a frame (1024, 1152) is added at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

from tensorrt_tts.errors import MissingDependencyError, SettingError, needs


@dataclass(frozen=True, slots=True)
class Encoding:
    """One way to write audio.

    container, codec: FFmpeg's names. rates: sample rates in Hz that the codec takes; empty for any.
    bit_rate: bits per second; None where there is nothing to choose. rewinds: it is written with a
    look back, so it needs a file. live, live_codec: options of the container and of the codec for
    where nothing can be rewound and somebody waits for the next byte.
    """

    name: str
    content_type: str
    container: str
    codec: str
    rates: tuple[int, ...] = ()
    bit_rate: int | None = None
    rewinds: bool = False
    live: dict[str, str] = field(default_factory=dict)
    live_codec: dict[str, str] = field(default_factory=dict)

    def rate(self, sample_rate: int) -> int:
        """What is written: the rate itself, else the next higher one, else the highest."""
        if not self.rates or sample_rate in self.rates:
            return sample_rate
        return min((r for r in self.rates if r > sample_rate), default=max(self.rates))


_OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)

ENCODINGS = {
    encoding.name: encoding
    for encoding in (
        # Without the writer's name in it the header has the 44 bytes that clients skip.
        Encoding("wav", "audio/wav", "wav", "pcm_s16le", live={"fflags": "+bitexact"}),
        # Levels 0 to 2 have frames of 27 ms, those above of 105 ms, which a listener waits for.
        Encoding(
            "flac",
            "audio/flac",
            "flac",
            "flac",
            live={"metadata_header_padding": "0"},
            live_codec={"compression_level": "2"},
        ),
        Encoding(
            "mp3",
            "audio/mpeg",
            "mp3",
            "libmp3lame",
            _MP3_RATES,
            96_000,
            live={"write_xing": "0", "id3v2_version": "0"},
        ),
        # Pages of 20 ms, one packet each: FFmpeg would gather a second of audio in one.
        Encoding(
            "opus", "audio/ogg", "ogg", "libopus", _OPUS_RATES, 48_000, live={"page_duration": "1"}
        ),
        Encoding("m4a", "audio/mp4", "ipod", "aac", _MP3_RATES, 64_000, rewinds=True),
        Encoding("aac", "audio/aac", "adts", "aac", _MP3_RATES, 64_000),
        Encoding("pcm", "audio/pcm", "s16le", "pcm_s16le"),  # little-endian, no header
        # G.711, as telephone lines carry it: a byte a sample, no header (RFC 4856).
        Encoding("mulaw", "audio/PCMU", "mulaw", "pcm_mulaw", (8000,)),
        Encoding("alaw", "audio/PCMA", "alaw", "pcm_alaw", (8000,)),
    )
}


class Container:
    """An open container: int16 mono in, encoded bytes out as they come, into a file that can be
    rewound, or without one to be taken with `take`.

    Raises MissingDependencyError without PyAV or without the codec, and what the file raises.
    """

    def __init__(self, file: BinaryIO | None, encoding: Encoding, sample_rate: int) -> None:
        self._av = import_for(encoding)
        self._rate = sample_rate
        self._target = _Outbox() if file is None else _Guarded(file)
        live, live_codec = (encoding.live, encoding.live_codec) if file is None else ({}, {})
        self._container: Any = self._av.open(
            self._target, "w", format=encoding.container, options=live
        )
        try:
            self._stream = self._container.add_stream(
                encoding.codec, rate=encoding.rate(sample_rate), layout="mono", options=live_codec
            )
        except ValueError as error:  # PyAV's class for a codec that FFmpeg was built without
            raise MissingDependencyError(
                f"the installed PyAV cannot write {encoding.name}: its FFmpeg has no "
                f"{encoding.codec}; install the av package from its own wheels, or write WAV"
            ) from error
        if encoding.bit_rate is not None:
            self._stream.bit_rate = encoding.bit_rate
        self._container.start_encoding()  # the header, also of a file without any sample
        self._target.check()

    def write(self, pcm: np.ndarray) -> None:
        """pcm: int16 (samples,), any number of them. Resampled where the codec wants another
        rate."""
        if not len(pcm):
            return
        samples = np.ascontiguousarray(pcm, np.int16)[None]
        frame = self._av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = self._rate
        self._container.mux(self._stream.encode(frame))
        self._target.check()

    def close(self) -> None:
        """Writes what is left in the codec, and the end."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        self._target.check()

    def take(self) -> bytes:
        """What has come since the last call."""
        return self._target.take()


class AudioEncoder:
    """PCM to bytes of one format, for whoever sends them on: `start`, `push` …, `finish`.

    The bytes of all calls, in order, are the whole stream. A codec works in frames, so a call may
    give none. Raises SettingError for a format that needs a file, and what `Container` raises.
    """

    def __init__(self, encoding: Encoding, sample_rate: int) -> None:
        if encoding.rewinds:
            ready = ", ".join(other.name for other in ENCODINGS.values() if not other.rewinds)
            raise SettingError(
                f"format {encoding.name!r} needs a file and cannot be streamed; use one of: {ready}"
            )
        self.content_type = encoding.content_type
        # Samples as they are need no FFmpeg, which was a tenth of what a stream cost the server.
        plain = encoding.container == "s16le"
        self._container = None if plain else Container(None, encoding, sample_rate)

    def start(self) -> bytes:
        """The header, where the format has one."""
        return b"" if self._container is None else self._container.take()

    def push(self, pcm: np.ndarray) -> bytes:
        """pcm: int16 mono, (samples,)."""
        if self._container is None:
            return pcm.astype("<i2").tobytes()
        self._container.write(pcm)
        return self._container.take()

    def finish(self) -> bytes:
        if self._container is None:
            return b""
        self._container.close()
        return self._container.take()


class _Outbox:
    """What PyAV writes to where nothing can be rewound: it has no `seek`."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken

    def check(self) -> None: ...


class _Guarded:
    """A file for PyAV that keeps its first failure to itself until it is asked: raised inside a
    callback of FFmpeg's, a second one would be printed on stderr, and neither keep its class."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._failed: OSError | None = None

    def write(self, data: bytes) -> int:
        self._try(lambda: self._file.write(data))
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._try(lambda: self._file.seek(offset, whence))

    def tell(self) -> int:
        return self._try(self._file.tell)

    def _try(self, act: Callable[[], int]) -> int:
        if self._failed is None:
            try:
                return act()
            except OSError as error:
                self._failed = error
        return 0

    def take(self) -> bytes:
        return b""

    def check(self) -> None:
        if self._failed is not None:
            raise self._failed


def import_for(encoding: Encoding) -> ModuleType:
    """PyAV, to write an encoding. Raises MissingDependencyError."""
    return import_av(f"writing {encoding.name}", "write WAV")


def import_av(use: str, instead: str) -> ModuleType:
    """PyAV. instead: what can be done without. Raises MissingDependencyError."""
    with needs(f"{use} needs PyAV: pip install av, or {instead}"):
        import av
    return av
