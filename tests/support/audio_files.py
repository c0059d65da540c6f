"""Audio files read back by FFmpeg, whatever they are called."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np


def decoded(source: Path | bytes) -> tuple[str, str, int, np.ndarray]:
    """(container, codec, Hz, int16 samples), of mono audio; found out by content, not by name."""
    content = source if isinstance(source, bytes) else source.read_bytes()
    with av.open(io.BytesIO(content)) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.channels == 1
        resampler = av.AudioResampler(format="s16", layout="mono")
        frames = [done for frame in container.decode(stream) for done in resampler.resample(frame)]
        parts = [frame.to_ndarray()[0] for frame in frames]
        samples = np.concatenate([np.zeros(0, np.int16), *parts])
        context = stream.codec_context
        return container.format.name, context.codec.canonical_name, context.sample_rate, samples
