"""Was the audio delivered whole, once and in full? Pure.

Speed means nothing for audio that was dropped: skipped windows lower the load and shorten the
speech. So every answer is checked against what the server says it sent, against the frames that the
model generated, and against itself.
"""

from __future__ import annotations

import hashlib
import itertools
from enum import StrEnum

import numpy as np

from benchmarks.listener.exchange import Exchange
from benchmarks.listener.measures import Timeline

_QUIET = 32
"""int16 peak (−60 dBFS) below which equal chunks are silence, not a repetition."""

_SHORTEST = 64
"""Samples below which two equal chunks may be chance."""


class Fault(StrEnum):
    """What can be wrong with an answer, as it is named in run logs."""

    FAILED = "failed"  # an error instead of the end, or no end at all
    SILENT = "silent"  # it ended well and holds no audio
    MISSING = "missing audio"  # fewer bytes or chunks than the server says it sent
    EXTRA = "extra audio"  # more of them
    REPEATED = "repeated chunk"  # the same loud audio twice
    FRAMES = "samples differ from frames"  # not those of the generated frames


def faults(exchange: Exchange, line: Timeline) -> tuple[Fault, ...]:
    """Everything that is wrong with an answer, worst first; empty for a whole one."""
    if exchange.error is not None or exchange.final is None:
        return (Fault.FAILED,)
    if line.pcm.size == 0:
        return (Fault.SILENT,)
    found: list[Fault] = []
    received = sum(len(message.payload) for message in exchange.messages)
    counts = (("bytes", received), ("chunks", len(line.chunks)))
    lost = [told - got for name, got in counts if (told := exchange.told(name)) is not None]
    if any(count > 0 for count in lost):
        found.append(Fault.MISSING)
    if any(count < 0 for count in lost):
        found.append(Fault.EXTRA)
    if _repeats(line):
        found.append(Fault.REPEATED)
    if _frames_differ(exchange, line):
        found.append(Fault.FRAMES)
    return tuple(found)


def _repeats(line: Timeline) -> bool:
    seen: set[bytes] = set()
    edges = line.boundaries
    for start, stop in itertools.pairwise(edges):
        chunk = line.pcm[start:stop]
        if len(chunk) < _SHORTEST or int(np.abs(chunk.astype(np.int32)).max()) < _QUIET:
            continue
        digest = hashlib.blake2b(chunk.tobytes(), digest_size=16).digest()
        if digest in seen:
            return True
        seen.add(digest)
    return False


def _frames_differ(exchange: Exchange, line: Timeline) -> bool:
    """Only a server that reports its frames can be checked."""
    frames = exchange.reported("frames")
    pauses = exchange.reported("pause_samples") or 0
    return frames is not None and frames * exchange.samples_per_frame + pauses != line.pcm.size
