"""Audio that carries the moment it was made, through whatever leaves samples as they are. Pure.

The clock is `time.perf_counter`, which all processes of a Linux machine share.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.listener.exchange import Message

_MARK = np.array([32_000, -32_000, 32_000, -32_000], np.int16)
"""Nothing else that is measured with is nearly as loud."""

_STEP = 128
"""Of int16 between two bytes: what is scaled to floats and back is still the same byte."""

_BYTES = 8

SAMPLES = len(_MARK) + _BYTES


def stamp(at_s: float) -> np.ndarray:
    """int16 (SAMPLES,): a moment, to the nanosecond."""
    number = np.frombuffer(round(1e9 * at_s).to_bytes(_BYTES, "little"), np.uint8)
    return np.concatenate([_MARK, ((number.astype(int) - 128) * _STEP).astype(np.int16)])


def latencies(messages: Sequence[Message]) -> list[float]:
    """Seconds from each stamp to the message with its last byte. The audio in `messages` is one
    stream of int16 samples, cut anywhere."""
    pcm = np.frombuffer(_even(b"".join(message.payload for message in messages)), "<i2")
    ends = np.cumsum([len(message.payload) for message in messages])
    loud = np.abs(pcm.astype(int)) > 31_000
    found = []
    for place in np.flatnonzero(loud[: max(0, len(pcm) - SAMPLES + 1)]):
        if not np.array_equal(np.sign(pcm[place : place + 4]), np.sign(_MARK)):
            continue
        if not loud[place : place + 4].all():
            continue
        number = np.rint(pcm[place + 4 : place + SAMPLES] / _STEP + 128).astype(np.uint8)
        last_byte = 2 * (int(place) + SAMPLES)
        message = messages[int(np.searchsorted(ends, last_byte))]
        found.append(message.at - int.from_bytes(number.tobytes(), "little") / 1e9)
    return found


def _even(content: bytes) -> bytes:
    return content[: len(content) // 2 * 2]
