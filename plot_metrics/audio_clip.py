"""WAV files to clips small enough to live inside a page."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from tensorrt_tts.errors import InputError, needs

BIT_RATE = 48_000
"""Bits a second of MP3: an eighth of what came in, and enough to judge a voice by."""


def as_data_url(path: Path) -> str:
    """The file's audio as MP3 in a `data:` URL. Every browser plays it.

    Raises InputError for a file that is no audio, MissingDependencyError without PyAV.
    """
    with needs("audio in the report needs PyAV; pip install 'tensorrt-tts[bench]'"):
        import av
    target = io.BytesIO()
    try:
        with av.open(str(path)) as source, av.open(target, "w", format="mp3") as sink:
            rate = source.streams.audio[0].rate
            stream = sink.add_stream("libmp3lame", rate=rate)
            stream.bit_rate = BIT_RATE
            stream.layout = "mono"
            for frame in source.decode(audio=0):
                frame.pts = None
                for packet in stream.encode(frame):
                    sink.mux(packet)
            for packet in stream.encode(None):
                sink.mux(packet)
    except (av.FFmpegError, OSError, IndexError) as error:
        raise InputError(f"audio file '{path}' cannot be read ({error}); run again") from error
    return "data:audio/mpeg;base64," + base64.b64encode(target.getvalue()).decode("ascii")
